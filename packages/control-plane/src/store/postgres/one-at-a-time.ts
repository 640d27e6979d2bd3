/**
 * Coalesces requests for `work`: calls never overlap, and after every request a new call starts. A hundred requests during
 * one call result in one more call. A failure is reported, and drops the requests until then.
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
