/** `auto`: gRPC is forwarded as h2c, everything else as HTTP/1.1. The others apply to every request of the service. */
export type Protocol = "auto" | "http1" | "h2c";

export interface ServiceSettings {
  /** Reachable from the edge by its virtual host. */
  readonly entry: boolean;
  readonly protocol: Protocol;
}

export interface GatewaySettings {
  /** Parent of the virtual hosts: `<service>.<domain>`. Lower case, without a port. */
  readonly domain: string;
  /** In order: the first entry service serves `<environment>.<domain>` and `<domain>`. */
  readonly services: Readonly<Record<string, ServiceSettings>>;
}

/** The first entry service; undefined if there is none. */
export function firstEntry(settings: GatewaySettings): string | undefined {
  for (const name of Object.keys(settings.services)) {
    if (settings.services[name]?.entry === true) return name;
  }
  return undefined;
}
