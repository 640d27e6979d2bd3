import { own } from "@cocktail/route";
import type { NamedService } from "@cocktail/environment";
import type { Config, ServiceConfig } from "../config/config.ts";
import type { Pinned } from "../sources/pinned-references.ts";
import type { LocalSource } from "../sources/document.ts";

/**
 * The file's services in the form the control plane stores, with the commits of their refs. Their commands and variables
 * stay with the supervisor.
 */
export function desiredServices(config: Config, pinned: Pinned): readonly NamedService[] {
  return config.services.map(({ name, entry, protocol, entryHash, ...service }, position) => {
    const source = sourceOf(service, own(pinned, name)?.commit);
    return { name, spec: { position, entry, protocol, source, entryHash } };
  });
}

function sourceOf(
  { path, ref, url }: Pick<ServiceConfig, "path" | "ref" | "url">,
  revision: string | undefined,
): LocalSource {
  if (url !== undefined) return { kind: "url", url };
  if (ref === undefined || revision === undefined) return { kind: "service", path };
  return { kind: "branch", branch: ref, revision, path };
}
