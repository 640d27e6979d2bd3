import { spawn } from "node:child_process";
import { join } from "node:path";

export interface TestRun {
  readonly directory: string;
  /** Below src. */
  readonly testFile: string;
  readonly titles: readonly string[];
  readonly testTimeoutMs: number;
  readonly env: Readonly<Record<string, string>>;
}

export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly text: string;
}

/** Runs the tests of a file that have one of the titles, in a process of its own, and counts those. */
export async function runTests(run: TestRun): Promise<Outcome> {
  const patterns = run.titles.map(
    (title) => `--test-name-pattern=${title.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")}$`,
  );
  const child = spawn(
    process.execPath,
    [
      "--conditions=@cocktail/source",
      `--import=${join(import.meta.dirname, "end-on-failure.ts")}`,
      "--test-reporter=tap",
      "--test-force-exit",
      `--test-timeout=${run.testTimeoutMs}`,
      ...patterns,
      join("src", run.testFile),
    ],
    {
      cwd: run.directory,
      env: { ...ownEnvironment(), ...run.env },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  }
  await new Promise((closed) => child.on("close", closed));
  const count = (verdict: string): number =>
    [...text.matchAll(new RegExp(`^ *${verdict} [0-9]+ - (.*)$`, "gm"))].filter(
      ([line, title = ""]) =>
        !line.includes("# SKIP") && run.titles.includes(title.replace(/\\(.)/g, "$1")),
    ).length;
  return { passed: count("ok"), failed: count("not ok"), text };
}

/** Without what tells a process that it is part of a test run. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _context, ...rest } = process.env;
  return rest;
}
