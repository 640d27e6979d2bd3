// The direction of imports (dependency-rules.ts), with a guard against the cruiser seeing nothing: with a compiler
// that it doesn't know it reports no modules, no violations and success.
import { globSync } from "node:fs";
import { cruise } from "dependency-cruiser";
import { forbidden } from "./dependency-rules.ts";
import { root } from "./run-step.ts";

process.chdir(root);
const { output } = await cruise(
  ["packages", "apps"],
  {
    ruleSet: { forbidden },
    validate: true,
    exclude: { path: "(^|/)(dist|\\.cocktail)/" },
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
  },
  {
    conditionNames: ["@cocktail/source", "types", "import", "node", "default"],
    exportsFields: ["exports"],
  },
);
if (typeof output === "string")
  throw new TypeError("dependency-cruiser answered text instead of a result");

const seen = output.modules.filter(({ source }) =>
  /^(packages|apps)\/[^/]+\/src\/.*\.ts$/.test(source),
);
const written = globSync("{packages,apps}/*/src/**/*.ts").length;
for (const { rule, from, to } of output.summary.violations) {
  const why = forbidden.find(({ name }) => name === rule.name)?.comment ?? "";
  console.error(`${rule.name}: ${from} -> ${to}\n  ${why}`);
}
if (seen.length < written) {
  console.error(
    `dependency-cruiser saw ${seen.length} of ${written} modules: its check means nothing`,
  );
}
if (output.summary.violations.length > 0 || seen.length < written) process.exitCode = 1;
else console.log(`${seen.length} modules, every import in the allowed direction`);
