// The direction of imports, with a guard against the cruiser seeing nothing: with a compiler that it doesn't know it
// reports no modules, no violations and success.
import { globSync } from "node:fs";
import { brokenRules } from "./import-graph.ts";
import { root } from "./run-step.ts";

const { violations, seen } = await brokenRules(root);
const written = globSync("{packages,apps}/*/src/**/*.ts", { cwd: root }).length;
for (const { rule, from, to, why } of violations)
  console.error(`${rule}: ${from} -> ${to}\n  ${why}`);
if (seen < written) console.error(`saw ${seen} of ${written} modules: the check means nothing`);
if (violations.length > 0 || seen < written) process.exitCode = 1;
else console.log(`${seen} modules, every import in the allowed direction`);
