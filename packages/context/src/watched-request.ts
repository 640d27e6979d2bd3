import type { RequestRecord } from "./request-record.ts";
import { shared } from "./shared-state.ts";

export interface WatchedRequest {
  readonly record: RequestRecord;
  /** To be called when the request has been answered; again does nothing. */
  readonly ended: () => void;
}

/** Tells the leak guard, where there is one, that a request came in. */
export function watchRequest(label: () => string, routed: boolean): WatchedRequest | undefined {
  const { guard } = shared;
  if (guard === undefined) return undefined;
  const record: RequestRecord = { label: label(), endedAt: undefined };
  const outer = shared.storage.getStore();
  if (outer?.request !== undefined) guard.nested(outer, record);
  return { record, ended: guard.entered(record, routed) };
}
