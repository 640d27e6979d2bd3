/**
 * Calls `work` as often as is needed for every request to be followed by a call that began after it, and never twice at
 * a time: a hundred requests during one call are one more call. A failure is told, and ends what was asked for until then.
 */
export function oneAtATime(
  work: () => Promise<void>,
  failed: (error: unknown) => void,
): () => void {
  let state: "idle" | "running" | "wanted" = "idle";
  const isWanted = (): boolean => state === "wanted";
  const run = async (): Promise<void> => {
    try {
      do {
        state = "running";
        await work();
      } while (isWanted());
    } catch (error) {
      failed(error);
    }
    state = "idle";
  };
  return () => {
    if (state === "idle") void run();
    else state = "wanted";
  };
}
