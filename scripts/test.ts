// `npm test`: every *.test.ts below packages, apps, examples, test, benchmarks and scripts, with a count that can't lie.
//   npm test                              all but the slow suites (test/e2e, test/pack)
//   npm test -- packages/route apps/cli   folders or files
//   npm test -- --all                     the slow suites too
import { randomUUID } from "node:crypto";
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { root } from "./run-step.ts";
import { endTogether } from "./test-run/interrupt.ts";
import { findLeftovers, killLeftovers } from "./test-run/leftovers.ts";
import { runFile, type FileRun } from "./test-run/run-file.ts";
import { isSlow, selectFiles } from "./test-run/suite.ts";
import { tally, totalLine, type Outcome } from "./test-run/tally.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    all: { type: "boolean", default: false },
    concurrency: { type: "string", default: String(Math.min(4, availableParallelism())) },
  },
});
process.chdir(root);

const files = globSync("{packages,apps,examples,test,benchmarks,scripts}/**/*.test.ts", {
  exclude: (path) => /(^|\/)(node_modules|dist|\.cocktail)(\/|$)/.test(path),
}).toSorted();
const { chosen, empty } = selectFiles(files, { filters: positionals, all: values.all });
if (empty.length > 0) throw new Error(`No test file below ${empty.join(", ")}`);

// A test must not find the developer's own cocktail or database (COCKTAIL_TEST_* is how a suite is given one on purpose),
// nor, when a git hook runs the tests, the repository that the hook is about.
const mark = `COCKTAIL_TEST_RUN=${randomUUID()}`;
const ownEnv = Object.entries(process.env).filter(
  ([name]) =>
    !/^(COCKTAIL_(?!TEST_)|GIT_(?!SSH|CONFIG)|DATABASE_URL$|NODE_OPTIONS$|NODE_TEST_CONTEXT$)/.test(
      name,
    ),
);
const env = { ...Object.fromEntries(ownEnv), COCKTAIL_TEST_RUN: mark.slice(mark.indexOf("=") + 1) };

endTogether(mark);

const outcomes: Outcome[] = [];
const queue = [...chosen];
const minute = 60_000;

async function work(): Promise<void> {
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    const options: FileRun = {
      root,
      env,
      // Counts for a suite as well, and the machine may be busy: this is to end what hangs, not to judge speed.
      testTimeoutMs: isSlow(file) ? 15 * minute : 5 * minute,
      fileTimeoutMs: isSlow(file) ? 20 * minute : 8 * minute,
    };
    const started = performance.now();
    const results = await runFile(file, options);
    outcomes.push(...results);
    const failed = results.filter(({ result }) => result === "failed");
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const verdict = failed.length > 0 || results.length === 0 ? "FAIL" : "ok  ";
    console.log(`${verdict} ${file} (${results.length} tests, ${seconds} s)`);
    for (const { title, detail } of failed)
      console.log(`  FAIL ${title}\n${detail.replace(/^/gm, "    ")}`);
  }
}
await Promise.all(Array.from({ length: Number(values.concurrency) }, work));

const leftovers = await findLeftovers(mark);
killLeftovers(leftovers);
for (const { pid, command } of leftovers) {
  const detail = `process ${pid} outlived its test: ${command}`;
  outcomes.push({ file: "scripts", title: "nothing is left behind", result: "failed", detail });
  console.log(`FAIL ${detail}`);
}

const sum = tally(chosen, outcomes);
console.log("");
for (const { file, title, detail } of outcomes.filter(({ result }) => result === "skipped")) {
  console.log(`skipped: ${file} "${title}": ${detail}`);
}
for (const file of sum.withoutTests) console.log(`FAIL ${file} holds no test`);
for (const [suite, counts] of sum.suites) console.log(`${suite.padEnd(26)} ${totalLine(counts)}`);
console.log(totalLine(sum));
if (sum.failed > 0 || sum.passed === 0) process.exitCode = 1;
