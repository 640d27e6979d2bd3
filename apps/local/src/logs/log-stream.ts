import type { LogLine } from "@cocktail/client";

export interface FollowOptions {
  /** Read in the same turn in which the subscription begins, so that no line between the two is lost. */
  readonly past: () => readonly LogLine[];
  readonly matches: (line: LogLine) => boolean;
  readonly subscribe: (listener: (line: LogLine) => void) => () => void;
  readonly signal?: AbortSignal | undefined;
}

/** Lines a slow reader may lag behind; then the oldest are dropped, and the stream says how many. */
export const maxLag = 5_000;

/** The past, then every new line, until the signal or the reader ends it. */
export async function* follow(options: FollowOptions): AsyncGenerator<LogLine, void, undefined> {
  const { matches, signal } = options;
  const waiting: LogLine[] = [];
  let dropped = 0;
  let wake = (): void => undefined;
  const unsubscribe = options.subscribe((line) => {
    if (!matches(line)) return;
    waiting.push(line);
    if (waiting.length > maxLag) {
      waiting.shift();
      dropped++;
    }
    wake();
  });
  const onAbort = (): void => wake();
  signal?.addEventListener("abort", onAbort);
  const isOver = (): boolean => signal?.aborted === true;
  try {
    yield* options.past();
    while (!isOver()) {
      const line = waiting.shift();
      if (line === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      if (dropped > 0) yield droppedLine(line, dropped);
      dropped = 0;
      yield line;
    }
  } finally {
    unsubscribe();
    signal?.removeEventListener("abort", onAbort);
  }
}

function droppedLine(next: LogLine, count: number): LogLine {
  return {
    ...next,
    stream: "cocktail",
    text: `... ${count} lines dropped: this reader is too slow`,
  };
}
