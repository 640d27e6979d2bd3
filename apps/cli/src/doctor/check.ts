/** How one check went. A warning is a thing to know; a failure keeps something from working. */
export interface CheckResult {
  readonly name: string;
  readonly verdict: "ok" | "warning" | "failed";
  readonly detail: string;
  /** What to do; absent where all is well. */
  readonly fix?: string | undefined;
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
