import { readdir, readFile } from "node:fs/promises";

export interface Leftover {
  readonly pid: number;
  readonly command: string;
}

const readOrEmpty = (path: string): Promise<string> => readFile(path, "utf8").catch(() => "");

/**
 * The living processes whose environment holds `mark` (`NAME=value`), this one excepted: what a test started and left
 * behind, whoever its parent is now. Only Linux tells; elsewhere the answer is empty. A zombie is no leftover.
 */
export async function findLeftovers(mark: string): Promise<readonly Leftover[]> {
  const entries = await readdir("/proc").catch((): string[] => []);
  const pids = entries.filter((entry) => /^\d+$/.test(entry)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid): Promise<readonly Leftover[]> => {
      const environment = await readOrEmpty(`/proc/${pid}/environ`);
      if (pid === process.pid || !environment.split("\0").includes(mark)) return [];
      const command = (await readOrEmpty(`/proc/${pid}/cmdline`)).split("\0").join(" ").trim();
      return command === "" ? [] : [{ pid, command }];
    }),
  );
  return found.flat();
}

/** Ends them at once. One that is already gone is fine. */
export function killLeftovers(leftovers: readonly Leftover[]): void {
  for (const { pid } of leftovers) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    }
  }
}
