// `npm run test:cluster`: the suites on real Kubernetes, Istio and Envoy, in a testbed of their own that ends with them. Files or folders
// choose among them; options go on to `npm test`.
import { join } from "node:path";
import { inTestbed } from "./in-testbed.ts";
import { root } from "./run-step.ts";

const words = process.argv.slice(2);
const chosen = words.some((word) => !word.startsWith("-")) ? words : [...words, "test/cluster"];
process.exitCode = await inTestbed("test", [
  process.execPath,
  join(root, "scripts/test.ts"),
  ...chosen,
]);
