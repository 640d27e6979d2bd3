import type { NamedService } from "@cocktail/environment";
import type { Config, ServiceConfig } from "../config/config.ts";
import type { LocalSource } from "../sources/document.ts";

/**
 * The file's services in the form the control plane stores, with the commits of their refs. Their commands and variables
 * stay with the supervisor.
 */
export function desiredServices(
  config: Config,
  commits: ReadonlyMap<string, string>,
): readonly NamedService[] {
  return config.services.map(({ name, entry, protocol, entryHash, ...service }, position) => {
    const source = sourceOf(service, commits.get(name));
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
