import type { NamedService } from "@cocktail/environment";
import type { Config } from "../config/config.ts";
import type { LocalSource } from "../sources/document.ts";

/** The file's services in the form the control plane stores. Their commands and variables stay with the supervisor. */
export function desiredServices(config: Config): readonly NamedService[] {
  return config.services.map(({ name, entry, protocol, entryHash, ...service }, position) => {
    const source: LocalSource =
      service.url === undefined
        ? { kind: "service", path: service.path }
        : { kind: "url", url: service.url };
    return { name, spec: { position, entry, protocol, source, entryHash } };
  });
}
