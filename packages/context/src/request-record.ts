/** What the leak guard remembers of a request. Kept apart from the request, so that nothing of it is held in memory. */
export interface RequestRecord {
  /** `GET /checkout`, without the query. */
  readonly label: string;
  /** `performance.now()` when its response was closed; undefined while it runs. */
  endedAt: number | undefined;
}
