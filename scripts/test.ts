// `npm test`: `node --test` over every *.test.ts below packages, apps, examples, test, testbed, benchmarks and scripts.
//   npm test                              all but the slow suites (test/e2e, test/frameworks, test/pack)
//   npm test -- packages/route apps/cli   folders or files
//   npm test -- --all                     the slow suites too
//   npm run mutants -- packages/route     *.mutants.ts: planted bugs, each of which a test must notice
// Options of `node --test` go on to it: --watch, --test-name-pattern=X, --test-only, --experimental-test-coverage.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { root } from "./run-step.ts";
import { endTogether } from "./test-run/interrupt.ts";
import { withoutOwn } from "./test-run/own-environment.ts";
import { selectFiles } from "./test-run/suite.ts";

const options = process.argv.slice(2).filter((word) => word.startsWith("-"));
const filters = process.argv.slice(2).filter((word) => !word.startsWith("-"));
const all = options.includes("--all");
const kind = options.includes("--mutants") ? "mutants" : "test";
const handedOn = options.filter((word) => word !== "--all" && word !== "--mutants");
process.chdir(root);

const files = globSync(`{packages,apps,examples,test,testbed,benchmarks,scripts}/**/*.${kind}.ts`, {
  exclude: (path) => /(^|\/)(node_modules|dist|\.cocktail)(\/|$)/.test(path),
}).toSorted();
const { chosen, empty } = selectFiles(files, { filters, all });
if (empty.length > 0) throw new Error(`No test file below ${empty.join(", ")}`);

const id = randomUUID();
endTogether(`COCKTAIL_TEST_RUN=${id}`);

// Limits are to end what hangs, not to judge speed: the machine may be busy.
const minute = 60_000;
const limitMs = all || filters.length > 0 ? 30 * minute : 5 * minute;
const child = spawn(
  process.execPath,
  [
    "--test",
    "--conditions=@cocktail/source",
    `--test-concurrency=${Math.min(4, availableParallelism())}`,
    `--test-timeout=${limitMs}`,
    `--test-reporter=${import.meta.dirname}/test-run/reporter.ts`,
    "--test-reporter-destination=stdout",
    ...handedOn,
    ...chosen,
  ],
  {
    stdio: "inherit",
    env: {
      ...withoutOwn(process.env),
      COCKTAIL_TEST_RUN: id,
      COCKTAIL_TEST_PATIENCE_MS: String(limitMs + 3 * minute),
    },
  },
);
await once(child, "exit");
process.exitCode = child.exitCode ?? 1;
