/**
 * What Postgres gets to see of our environment: nothing that changes its behaviour (PG*, locale, time zone), so that a
 * data directory comes out the same everywhere.
 */
export function childEnvironment(): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };
}
