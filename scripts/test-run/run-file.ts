import { run } from "node:test";
import { inspect } from "node:util";
import type { Outcome } from "./tally.ts";

export interface FileRun {
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  /** For one test. */
  readonly testTimeoutMs: number;
  /** For the whole file: node:test itself waits for ever when a test file leaves a handle open. */
  readonly fileTimeoutMs: number;
}

/** What the runner tells about one test, one suite or, under the name of the file, the process of the file. */
interface Report {
  readonly name: string;
  readonly file?: string;
  readonly skip?: string | boolean;
  readonly todo?: string | boolean;
  readonly details: { readonly type?: string | undefined; readonly error?: Error };
}

const marked = (mark: string | boolean | undefined): mark is string | true =>
  mark !== undefined && mark !== false;

function skipOf({ skip, todo }: Report): string | undefined {
  const mark = [skip, todo].find(marked);
  return mark === true ? "no reason given" : mark;
}

/** A suite is a heading: it only counts when it was skipped whole or failed by itself, as when a hook throws. */
function isHeading({ details, ...report }: Report, passed: boolean): boolean {
  if (details.type !== "suite" || skipOf({ details, ...report }) !== undefined) return false;
  return passed || /^\d+ subtests? failed$/.test(details.error?.message ?? "");
}

function failureOf({ details }: Report, ownProcess: boolean, stderr: string): string {
  const cause: unknown = details.error?.cause ?? details.error;
  const text = cause instanceof Error ? inspect(cause, { depth: 6 }) : String(cause);
  return ownProcess ? `${text}\n${stderr}`.trimEnd() : text;
}

/** Runs one test file in a process of its own and answers the outcome of every test in it; none if it holds no test. */
export async function runFile(file: string, options: FileRun): Promise<readonly Outcome[]> {
  const { root, env, testTimeoutMs, fileTimeoutMs } = options;
  const outcomes: Outcome[] = [];
  let stderr = "";

  const take =
    (passed: boolean) =>
    (report: Report): void => {
      const ownProcess = report.name === report.file || report.name === file;
      if (isHeading(report, passed) || (ownProcess && passed)) return;
      const title = ownProcess ? "(the file itself)" : report.name;
      const reason = skipOf(report);
      if (reason !== undefined) outcomes.push({ file, title, result: "skipped", detail: reason });
      else if (passed) outcomes.push({ file, title, result: "passed", detail: "" });
      else {
        const detail = failureOf(report, ownProcess, stderr);
        outcomes.push({ file, title, result: "failed", detail });
      }
    };

  const stream = run({
    cwd: root,
    files: [file],
    env,
    timeout: testTimeoutMs,
    signal: AbortSignal.timeout(fileTimeoutMs),
    execArgv: ["--conditions=@cocktail/source"],
  });
  stream.on("test:pass", take(true));
  stream.on("test:fail", take(false));
  stream.on("test:stderr", ({ message }) => void (stderr = (stderr + message).slice(-8192)));
  stream.resume();
  await new Promise<void>(
    (resolve, reject) => void stream.once("end", resolve).once("error", reject),
  );
  return outcomes;
}
