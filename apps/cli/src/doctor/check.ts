import type { LastOutput } from "../cocktail/last-output.ts";

/** The result of a check. With a warning everything may work; a failure breaks something. */
export interface CheckResult {
  readonly name: string;
  readonly verdict: "ok" | "warning" | "failed";
  readonly detail: string;
  /** What to do; absent if the check is ok. */
  readonly fix?: string | undefined;
  /** What failing variants printed last. */
  readonly lastOutput?: readonly LastOutput[] | undefined;
}

export function ok(name: string, detail: string): CheckResult {
  return { name, verdict: "ok", detail };
}

export function warning(name: string, detail: string, fix: string): CheckResult {
  return { name, verdict: "warning", detail, fix };
}

export function failed(name: string, detail: string, fix: string): CheckResult {
  return { name, verdict: "failed", detail, fix };
}
