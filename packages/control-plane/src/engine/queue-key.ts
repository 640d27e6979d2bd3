import type { Controller } from "./metrics.ts";

/** A reconcile that never converges is a defect; it is requeued with the backoff of a failure. */
export const maxTurns = 100;

/** What is in the work queue: a kind of object and its name. */
export interface QueueKey<C extends Controller = Controller> {
  readonly controller: C;
  readonly name: string;
  readonly text: string;
}

export function queueKey<C extends Controller>(controller: C, name: string): QueueKey<C> {
  return { controller, name, text: `${controller} ${name}` };
}

export function parseQueueKey(text: string): QueueKey {
  const at = text.indexOf(" ");
  const name = text.slice(at + 1);
  const controller = text.slice(0, at);
  switch (controller) {
    case "service":
    case "variant":
    case "environment":
    case "table":
      return { controller, name, text };
    default:
      throw new TypeError(`not a key of the work queue: ${text}`);
  }
}

export const tableKey: string = queueKey("table", "").text;
