import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { mergeGroups } from "@cocktail/mesh";
import { Failure } from "../failure.ts";
import { type FileObject, objectsIn } from "./read-objects.ts";

/** Kinds that findings are about, as kubectl names them. */
const kinds = [
  "services",
  "pods",
  "virtualservices.networking.istio.io",
  "destinationrules.networking.istio.io",
  ...mergeGroups.map((group) => `virtualservicemerges.${group}`),
];

/** Of all objects of a large cluster. */
const limits = { maxBuffer: 512 << 20, timeout: 180_000 };

/** All objects of a cluster that findings are about, read by `kubectl`, which knows every way to log in. */
export async function clusterObjects({
  context,
  namespaces,
  env,
}: {
  readonly context: string;
  /** All, if there are none. */
  readonly namespaces: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}): Promise<readonly FileObject[]> {
  const kubectl = kubectlOf(context, env);
  const served = await kubectl(["api-resources", "--verbs=list", "-o", "name"]);
  // A kind that the cluster doesn't serve would fail the whole command.
  const known = new Set(served.split("\n"));
  const wanted = kinds.filter((kind) => known.has(kind)).join(",");
  const places = namespaces.length === 0 ? [["-A"]] : namespaces.map((one) => ["-n", one]);
  const lists: FileObject[] = [];
  for (const place of places) {
    const text = await kubectl(["get", wanted, ...place, "-o", "json"]);
    lists.push(...objectsIn(JSON.parse(text), `context ${context}`));
  }
  return lists;
}

function kubectlOf(
  context: string,
  env: NodeJS.ProcessEnv,
): (words: readonly string[]) => Promise<string> {
  return async (words) => {
    try {
      const all = ["--context", context, ...words];
      const { stdout } = await promisify(execFile)("kubectl", all, { ...limits, env });
      return stdout;
    } catch (error) {
      const [line = ""] = textOf(error).trim().split("\n");
      throw new Failure({
        code: "CLUSTER_UNREADABLE",
        message: `kubectl can't read the cluster of the context ${context}: ${line}`,
        fix: `make this work first: kubectl --context ${context} ${words.join(" ")}`,
      });
    }
  };
}

function textOf(error: unknown): string {
  const { code, stderr, message } = Object(error) as {
    readonly code?: unknown;
    readonly stderr?: unknown;
    readonly message?: unknown;
  };
  if (code === "ENOENT") return "kubectl is not installed";
  return typeof stderr === "string" && stderr !== "" ? stderr : String(message);
}
