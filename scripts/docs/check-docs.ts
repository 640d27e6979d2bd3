// The docs against the clone: links lead somewhere, quoted code is what the file holds, every rule of docs/spec names a
// test that exists, every sentence of SECURITY.md such a rule, nothing names the machine it was written on, and the page of
// frameworks says what is tested. `--write` writes that page.
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as cells from "../../test/frameworks/cells.ts";
import type { LockedPackages } from "../lockfile/lockfile.ts";
import { root } from "../run-step.ts";
import { clone, filesOfClone, readIfThere } from "./clone.ts";
import { frameworksPage, missingTests, renderFrameworks } from "./frameworks-page.ts";
import { brokenLinks } from "./links.ts";
import { machineTraces } from "./machine-traces.ts";
import { staleQuotes } from "./quotes.ts";
import { securityProblems } from "./security.ts";
import { invariantProblems, parseInvariants } from "./spec.ts";

/** npm checks the shape of its file. */
const locked = (file: string): LockedPackages =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  (JSON.parse(clone.read(file)) as { packages: LockedPackages }).packages;
const frameworks = renderFrameworks({
  ...cells,
  project: locked("test/frameworks/project/package-lock.json"),
  clone: locked("package-lock.json"),
});
if (process.argv.includes("--write")) writeFileSync(join(root, frameworksPage), frameworks);

const files = filesOfClone();
const pages = files.filter((file) => file.endsWith(".md"));
const specs = pages.filter((page) => dirname(page) === "docs/spec");
const invariants = specs.flatMap((page) => parseInvariants(page, clone.read(page)));
const index = readIfThere("docs/spec/README.md") ?? "";

const problems = [
  ...pages.flatMap((page) => brokenLinks(page, clone)),
  ...pages.flatMap((page) => staleQuotes(page, clone)),
  ...invariantProblems(invariants, readIfThere),
  ...securityProblems(readIfThere("SECURITY.md") ?? "", invariants),
  ...specs
    .map((page) => page.slice("docs/spec/".length))
    .filter((page) => page !== "README.md" && !index.includes(`(${page})`))
    .map((page) => `docs/spec/README.md does not list ${page}`),
  ...machineTraces(files, clone.read, root),
  ...missingTests(cells.elsewhere, readIfThere),
  ...(readIfThere(frameworksPage) === frameworks
    ? []
    : [`${frameworksPage} is not what is tested: node scripts/docs/check-docs.ts --write`]),
];
for (const problem of problems) console.error(problem);
if (invariants.length === 0)
  console.error("docs/spec holds no rule at all: the check means nothing");
if (problems.length > 0 || invariants.length === 0) process.exitCode = 1;
else console.log(`${pages.length} pages, ${invariants.length} rules, each with its test`);
