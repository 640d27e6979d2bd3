/** What metrics count of one controller. Durations are seconds. */
export interface ControllerMetrics {
  reconciled(result: "success" | "requeue_after" | "error", seconds: number): void;
  added(depth: number): void;
  started(depth: number, waitedSeconds: number): void;
  finished(workedSeconds: number): void;
  retried(): void;
}

const nothing = (): void => undefined;

export const noControllerMetrics: ControllerMetrics = {
  reconciled: nothing,
  added: nothing,
  started: nothing,
  finished: nothing,
  retried: nothing,
};
