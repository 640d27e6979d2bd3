import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * The logs of a testbed by name: `kubelet`, or NAMESPACE.POD.CONTAINER. kubelet keeps those of pods at
 * pods/NAMESPACE_POD_UID/CONTAINER/RESTARTS.log; the last one counts.
 */
export function findLogs(directory: string): ReadonlyMap<string, string> {
  if (!existsSync(directory)) return new Map();
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".log"))
    .toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
  return new Map(files.map((file) => [nameOf(file), join(directory, file)]));
}

function nameOf(file: string): string {
  const [, namespace, pod, container] =
    /^pods\/([^_/]+)_([^_/]+)_[^/]+\/([^/]+)\//.exec(file) ?? [];
  return container === undefined ? file.replace(/\.log$/, "") : `${namespace}.${pod}.${container}`;
}
