import type { CocktailClient, LogLine, Variant } from "@cocktail/client";
import { printable } from "@cocktail/client/printable";
import { truncateToWidth } from "../output/display-width.ts";
import { hasFailed, readyCondition } from "../wait/await-variant.ts";

/** The end of what a failing variant printed before it exited. */
export interface LastOutput {
  readonly variant: string;
  /** Without control sequences, blank lines and the frames of stack traces. */
  readonly lines: readonly string[];
  /** How to start it again. */
  readonly fix: string;
}

/** Of so many variants the output is shown; stable ones first. */
const maxVariants = 3;
const maxLines = 8;
const maxColumns = 200;
/** More than are shown: stack frames and reports of restarts are left out. */
const tail = 60;

/** One for each variant that fails and printed something. None if the logs can't be read: that is never the main finding. */
export async function readLastOutput(
  api: Pick<CocktailClient, "logs">,
  variants: readonly Variant[],
  signal: AbortSignal,
): Promise<readonly LastOutput[]> {
  const down = variants.filter(isFailing);
  const chosen = [...down.filter(isStable), ...down.filter((each) => !isStable(each))];
  const found = await Promise.all(
    chosen.slice(0, maxVariants).map(async (variant) => ({
      variant: variant.name,
      lines: await lastLines(api, variant, signal),
      fix: howToRestart(variant),
    })),
  );
  return found.filter(({ lines }) => lines.length > 0);
}

async function lastLines(
  api: Pick<CocktailClient, "logs">,
  { service, key, incarnations }: Variant,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const newest = Math.max(0, ...incarnations.map(({ number }) => number));
  const log: LogLine[] = [];
  try {
    for await (const line of api.logs({ service, key, tail }, { signal })) log.push(line);
  } catch {
    return [];
  }
  return endOfRun(log.filter(({ incarnation }) => incarnation >= newest));
}

/**
 * The end of what a process printed in its last run that printed anything. Stack frames are left out, so that the few lines
 * hold the error itself.
 */
export function endOfRun(log: readonly Pick<LogLine, "stream" | "text">[]): readonly string[] {
  const end = log.findLastIndex(({ stream }) => stream !== "cocktail") + 1;
  const start = log.slice(0, end).findLastIndex(({ stream }) => stream === "cocktail") + 1;
  return log
    .slice(start, end)
    .map(({ text }) => truncateToWidth(printable(text.slice(0, 10 * maxColumns)), maxColumns))
    .filter((text) => text.trim() !== "" && !/^\s+at\s/.test(text))
    .slice(-maxLines);
}

/** Not ready, and its process, its preparation or its directory is why. */
export function isFailing(variant: Variant): boolean {
  const { conditions, incarnations } = variant;
  const ready = readyCondition(conditions);
  if (ready === undefined || ready.status === "True") return false;
  const isStarting =
    ready.reason === "Starting" && incarnations.some(({ restarts }) => restarts > 0);
  return isStarting || failing.has(ready.reason) || hasFailed(variant);
}

const failing: ReadonlySet<string> = new Set([
  "NotReady",
  "CrashLoop",
  "WorkloadFailed",
  "PrepareFailed",
  "StartDeadline",
  "Withdrawn",
]);

function isStable({ tier }: Variant): boolean {
  return tier === "stable";
}

/** A git branch is started again at its commit, so a fix has to be deployed. */
export function howToRestart(variant: Pick<Variant, "name" | "source">): string {
  const { name, source } = variant;
  if (source.kind === "branch") return "when it is fixed, deploy it again";
  return `when it is fixed: cocktail restart ${name}`;
}
