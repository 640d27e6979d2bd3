import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";

export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly words: readonly string[];
}

/** The living processes of the machine, as Linux tells them. */
export function allProcesses(): readonly Process[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^[0-9]+$/.test(name)) return [];
    try {
      // `pid (name) state parent ...`, and a name may hold anything.
      const [state, parent] =
        /.*\) (\S) ([0-9]+) /s.exec(readFileSync(`/proc/${name}/stat`, "utf8"))?.slice(1) ?? [];
      if (state === undefined || state === "Z" || state === "X") return [];
      const words = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0").slice(0, -1);
      return [{ pid: Number(name), parent: Number(parent), words }];
    } catch {
      return []; // It ended while we looked.
    }
  });
}

/** Which processes a fault may hit. */
export const targets = [
  "main",
  "postmaster",
  "backend",
  "main and postmaster",
  "git",
  "prepare",
  "service",
  "command",
] as const;
export type Target = (typeof targets)[number];

/** The processes of a cocktail in a directory that are meant by a target. `command` is known to who started it. */
export function findTargets(directory: string, target: Target): readonly number[] {
  const all = allProcesses();
  const main = all.filter(({ words }) => isMain(words, directory)).map(({ pid }) => pid);
  const masters = all.filter(({ words }) => isPostmaster(words, directory)).map(({ pid }) => pid);
  const pidsOf = (roots: readonly number[], isMeant: (words: readonly string[]) => boolean) =>
    descendants(all, roots)
      .filter(({ words }) => isMeant(words))
      .map(({ pid }) => pid);
  switch (target) {
    case "main":
      return main;
    case "postmaster":
      return masters;
    case "backend":
      return pidsOf(masters, ([title = ""]) => title.startsWith("postgres: cocktail "));
    case "main and postmaster":
      return main.length > 0 && masters.length > 0 ? [...main, ...masters] : [];
    case "git": {
      const roots = pidsOf(main, ([program = ""]) => basename(program) === "git");
      return [...roots, ...descendants(all, roots).map(({ pid }) => pid)];
    }
    case "prepare":
      return pidsOf(main, (words) => words.some((word) => word.endsWith("prepare.sh")));
    case "service":
      return pidsOf(main, (words) => words.some((word) => word.endsWith("service.ts")));
    case "command":
      return [];
  }
}

function isMain(words: readonly string[], directory: string): boolean {
  const isLocal = words.some((word) => word.endsWith("/cocktail-local.js"));
  return (
    isLocal && words.includes(`${directory}/cocktail.yaml`) && !words.includes("--end-leftovers")
  );
}

/** Also `initdb`, which makes the database. */
function isPostmaster([program = "", ...words]: readonly string[], directory: string): boolean {
  return (
    ["postgres", "initdb"].includes(basename(program)) &&
    words.some((word) => word.startsWith(`${directory}/.cocktail/pg`))
  );
}

function descendants(all: readonly Process[], roots: readonly number[]): readonly Process[] {
  const found: Process[] = [];
  let above = new Set(roots);
  while (above.size > 0) {
    const children = all.filter(({ parent }) => above.has(parent));
    found.push(...children);
    above = new Set(children.map(({ pid }) => pid));
  }
  return found;
}

/** The living processes that were started with this in their environment, and the run they say they are of. */
export function marked(
  mark: string,
): readonly (Process & { readonly runId: string | undefined })[] {
  return allProcesses().flatMap((process) => {
    try {
      const environment = readFileSync(`/proc/${process.pid}/environ`, "utf8").split("\0");
      if (!environment.includes(mark)) return [];
      const runId = environment.find((line) => line.startsWith("COCKTAIL_RUN_ID="));
      return [{ ...process, runId: runId?.slice("COCKTAIL_RUN_ID=".length) }];
    } catch {
      return [];
    }
  });
}
