/** Upper bounds of the latency buckets, in seconds. */
export const latencyBounds: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

/** Statuses by their first digit; 0: the client disconnected before the response. */
export const statusClasses = ["aborted", "1xx", "2xx", "3xx", "4xx", "5xx"] as const;

/** Counts as plain numbers: cheap on the request path; labels are built at scrape time. */
export class Tally {
  readonly byStatus: number[] = statusClasses.map(() => 0);
  /** One more than there are bounds; not cumulative. */
  readonly byLatency: number[] = [...latencyBounds, 0].map(() => 0);
  seconds = 0;
  requests = 0;

  /** `status` 0: the client disconnected. */
  count(status: number, ms: number): void {
    const statusClass = Math.min(Math.floor(status / 100), statusClasses.length - 1);
    this.byStatus[statusClass] = (this.byStatus[statusClass] ?? 0) + 1;
    const seconds = ms / 1000;
    let bucket = 0;
    while (bucket < latencyBounds.length && seconds > (latencyBounds[bucket] ?? 0)) bucket++;
    this.byLatency[bucket] = (this.byLatency[bucket] ?? 0) + 1;
    this.seconds += seconds;
    this.requests++;
  }

  add(other: Tally): void {
    other.byStatus.forEach((count, at) => {
      this.byStatus[at] = (this.byStatus[at] ?? 0) + count;
    });
    other.byLatency.forEach((count, at) => {
      this.byLatency[at] = (this.byLatency[at] ?? 0) + count;
    });
    this.seconds += other.seconds;
    this.requests += other.requests;
  }
}
