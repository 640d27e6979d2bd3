// The docs against the clone: links lead somewhere, quoted code is what the file holds, every rule of docs/spec names a
// test that exists, every sentence of SECURITY.md such a rule, and nothing names the machine it was written on.
import { dirname } from "node:path";
import { root } from "../run-step.ts";
import { clone, filesOfClone, readIfThere } from "./clone.ts";
import { brokenLinks } from "./links.ts";
import { machineTraces } from "./machine-traces.ts";
import { staleQuotes } from "./quotes.ts";
import { securityProblems } from "./security.ts";
import { invariantProblems, parseInvariants } from "./spec.ts";

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
];
for (const problem of problems) console.error(problem);
if (invariants.length === 0)
  console.error("docs/spec holds no rule at all: the check means nothing");
if (problems.length > 0 || invariants.length === 0) process.exitCode = 1;
else console.log(`${pages.length} pages, ${invariants.length} rules, each with its test`);
