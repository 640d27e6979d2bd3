import type { Logger } from "./logger.ts";

/** `errors`: 5xx of the gateway itself and aborted transfers, as warnings. `all`: every request, as info. */
export type AccessLogMode = "all" | "errors" | "none";

/** One line of the access log. */
export interface AccessEntry {
  readonly method: string;
  readonly path: string;
  readonly host: string | undefined;
  readonly service: string | undefined;
  /** `service:key`; absent where no variant was chosen. */
  readonly variant: string | undefined;
  readonly incarnation: number | undefined;
  readonly via: string | undefined;
  readonly caller: string | undefined;
  /** 499: the client disconnected before the response. */
  readonly status: number;
  /** A problem's code where the gateway responded itself, else `Cut`, `ClientGone` or `ClientStalled`. */
  readonly reason: string | undefined;
  readonly ms: number;
  /** Of the response's body. */
  readonly bytes: number;
  readonly remote: string;
}

/** Whether a request is logged; checked before the entry is built. */
export function isLogged(mode: AccessLogMode, status: number, reason: string | undefined): boolean {
  return mode === "errors" ? isBad(status, reason) : mode === "all";
}

function isBad(status: number, reason: string | undefined): boolean {
  return reason !== undefined && (status >= 500 || reason === "Cut" || reason === "ClientStalled");
}

export function writeAccess(log: Logger, entry: AccessEntry): void {
  if (isBad(entry.status, entry.reason)) log.warn(entry, "request failed");
  else log.info(entry, "request");
}
