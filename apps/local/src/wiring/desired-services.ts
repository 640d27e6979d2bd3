import type { DesiredService } from "@cocktail/environment";
import type { Config } from "../config/config.ts";

/** The file's services in the form the control plane stores. */
export function desiredServices(config: Config): readonly DesiredService[] {
  return config.services.map((service, position) => ({
    name: service.name,
    position,
    entry: service.entry,
    protocol: service.protocol,
    path: service.command === undefined ? undefined : service.path,
    source: service.url === undefined ? { kind: "service" } : { kind: "url", url: service.url },
    command: service.command,
    // The supervisor adds the entry's own variables to every variant of the service.
    env: {},
    entryHash: service.entryHash,
  }));
}
