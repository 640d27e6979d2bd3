/** How a postmaster is ended, harder each time: fast shutdown, immediate shutdown, SIGKILL. Waits are milliseconds. */
export const escalation = [
  { signal: "SIGINT", waitMs: 10_000 },
  { signal: "SIGQUIT", waitMs: 5_000 },
  { signal: "SIGKILL", waitMs: 5_000 },
] as const;
