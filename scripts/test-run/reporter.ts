import type { TestEvent } from "node:test/reporters";
import { findLeftovers, killLeftovers } from "./leftovers.ts";
import { isFile, Report } from "./report.ts";

/**
 * The reporter of `npm test`. It also ends what the runner itself lets hang or live on: a file of which nothing was heard for
 * long (one that keeps a handle open never ends), and processes that outlive the run. Both count as failures.
 */
// oxlint-disable-next-line import/no-default-export -- node:test takes a reporter from there
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let all = new Report(process.cwd());
  const mark = `COCKTAIL_TEST_RUN=${process.env["COCKTAIL_TEST_RUN"]}`;
  const patienceMs = Number(process.env["COCKTAIL_TEST_PATIENCE_MS"]);
  const running = new Set<string>();
  const silence = setTimeout(() => void endSilent(mark, running), patienceMs);
  for await (const event of events) {
    silence.refresh();
    if (event.type === "test:dequeue" && isFile(event.data)) running.add(event.data.name);
    if (event.type === "test:complete") running.delete(event.data.name);
    yield* lines(all.take(event));
    // Under --watch nothing ends: each round is counted for itself.
    if (event.type !== "test:watch:drained") continue;
    yield* lines(all.finish());
    all = new Report(process.cwd());
  }
  clearTimeout(silence);
  const leftovers = await findLeftovers(mark);
  killLeftovers(leftovers);
  for (const { pid, command } of leftovers) {
    yield* lines(all.fail("scripts", `process ${pid} outlived its test: ${command}`));
  }
  yield* lines(all.finish());
  const { failed, passed } = all.total;
  if (failed > 0 || passed === 0) process.exitCode = 1;
}

function lines(texts: readonly string[]): readonly string[] {
  return texts.map((text) => `${text}\n`);
}

/** Their files then fail with the signal. */
async function endSilent(mark: string, files: ReadonlySet<string>): Promise<void> {
  if (files.size === 0) return;
  const found = await findLeftovers(mark);
  const silent = found.filter(({ command }) => [...files].some((file) => command.includes(file)));
  killLeftovers(silent);
  if (silent.length > 0) return;
  console.error(`FAIL nothing was heard for long: ${[...files].join(", ")}`);
  // oxlint-disable-next-line unicorn/no-process-exit -- the runner would wait forever
  process.exit(1);
}
