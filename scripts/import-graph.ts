import { cruise } from "dependency-cruiser";
import { forbidden } from "./dependency-rules.ts";

export interface BrokenRule {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
  readonly why: string;
}

/** The imports below `packages` and `apps` of a clone that break a rule of dependency-rules.ts, and how many source files were seen. */
export async function brokenRules(
  clone: string,
): Promise<{ readonly violations: readonly BrokenRule[]; readonly seen: number }> {
  const { output } = await cruise(
    ["packages", "apps"],
    {
      baseDir: clone,
      ruleSet: { forbidden },
      validate: true,
      exclude: { path: "(^|/)(dist|\\.cocktail)/" },
      doNotFollow: { path: "node_modules" },
      tsPreCompilationDeps: true,
    },
    {
      conditionNames: ["@cocktail/source", "types", "import", "node", "default"],
      exportsFields: ["exports"],
    },
  );
  if (typeof output === "string") throw new TypeError("dependency-cruiser answered with text");
  const violations = output.summary.violations.map(({ rule, from, to }) => ({
    rule: rule.name,
    from,
    to,
    why: forbidden.find(({ name }) => name === rule.name)?.comment ?? "",
  }));
  const ours = /^(packages|apps)\/[^/]+\/src\/.*\.ts$/;
  const seen = output.modules.filter(
    ({ source, couldNotResolve }) => ours.test(source) && !couldNotResolve,
  );
  return { violations, seen: seen.length };
}
