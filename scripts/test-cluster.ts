// `npm run test:cluster`: the suites on real Kubernetes, Istio and Envoy, in a testbed of their own that ends with them.
// `npm run test:node` (`--profile node`): those on a node with containers; skipped, with the reason, where none can run.
// Files or folders choose among them; options go on to `npm test`. COCKTAIL_KUBECONFIG names another cluster with Istio to run them against.
import { join } from "node:path";
import { againstCluster, impossibleHere, inTestbed } from "./in-testbed.ts";
import { root } from "./run-step.ts";

const onNode = process.argv.slice(2).join(" ").startsWith("--profile node");
const words = process.argv.slice(onNode ? 4 : 2);
// One file at a time, since one of them watches what a second node leaves behind. Those of test/cluster run here through injected sidecars.
const usual = onNode
  ? [
      "--test-concurrency=1",
      "test/node",
      "test/cluster/first-route.test.ts",
      "test/cluster/guide.test.ts",
    ]
  : ["test/cluster"];
const chosen = words.some((word) => !word.startsWith("-")) ? words : [...words, ...usual];
const tests = [join(root, "scripts/test.ts"), ...chosen];

const kubeconfig = process.env["COCKTAIL_KUBECONFIG"];
const code =
  kubeconfig === undefined
    ? await inTestbed("test", tests, onNode ? "node" : "control")
    : await againstCluster(kubeconfig, tests);
if (code === impossibleHere) {
  process.stdout.write("skipped: npm run test:node, for the reasons above\n");
  process.stdout.write("0 passed, 0 failed, 1 skipped\n");
}
process.exitCode = code === impossibleHere ? 0 : code;
