/** One event of `GET /v1/watch`: an object changed. What it is now is told by its own view. */
export interface WatchEvent {
  readonly kind: "Service" | "ServiceVariant" | "Environment";
  /** A variant's is `service:key`. */
  readonly name: string;
  /** Opaque: another one after every change. */
  readonly version: string;
  readonly change: "put" | "removed";
}
