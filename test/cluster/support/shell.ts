import { execFile } from "node:child_process";
import { delimiter, join } from "node:path";

export const root = join(import.meta.dirname, "../../..");

export interface ShellOptions {
  /** Default: the clone. */
  readonly cwd?: string;
  /** Before the script: another testbed's `run`, for example. */
  readonly prefix?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly ms?: number;
}

/** Runs a script as a reader types it, and gives what it prints. Rejects, with all that it said, unless it exits with 0. */
export function shell(
  script: string,
  { cwd = root, prefix = [], env = {}, ms = 120_000 }: ShellOptions = {},
): Promise<string> {
  const path = [join(root, "node_modules/.bin"), process.env["PATH"] ?? ""].join(delimiter);
  const [file, ...words] = [...prefix, "sh", "-euc", script] as const;
  return new Promise((resolve, reject) => {
    const options = { cwd, env: { ...process.env, PATH: path, ...env }, timeout: ms };
    execFile(file, words, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${script}\n${stdout}\n${stderr}`, { cause: error }));
    });
  });
}

/** The blocks of a language in a page. */
export function blocksOf(page: string, language: string): readonly string[] {
  const blocks = page.matchAll(/^```(\w+)\n(.*?)^```$/gms);
  return [...blocks].flatMap(([, of, text = ""]) => (of === language ? [text] : []));
}
