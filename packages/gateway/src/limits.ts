/**
 * Limits on sizes (bytes), times (milliseconds) and counts. `Infinity` (sizes, counts) and 0 (times) switch a limit off.
 */
export interface Limits {
  /** Names and values of a request's headers together; beyond: 431. */
  readonly headBytes: number;
  /** Header lines of a request; beyond: 431. */
  readonly headLines: number;
  /** The request target; beyond: 414. */
  readonly targetBytes: number;
  /** A request's body; beyond: 413. */
  readonly bodyBytes: number;
  /** From the first byte of a connection, or of a kept-alive request, to the end of its head; beyond: 408. */
  readonly headMs: number;
  /** An upload without a new byte while the variant is reading and has not begun to respond; beyond: 408. Not in gRPC. */
  readonly bodyIdleMs: number;
  /** A response whose client reads nothing; beyond: the connection or stream is reset. */
  readonly stalledMs: number;
  /** Without a byte of an answer that has begun, toward a client that has closed its half; beyond, it has left. */
  readonly halfClosedMs: number;
  /** A kept-alive connection without a request; in HTTP/2 also one whose head is not complete. */
  readonly keepAliveMs: number;
  /** Until a variant accepts a connection; beyond: 503. */
  readonly connectMs: number;
  /**
   * Until a connection to the variant is free, and from the last byte of a request to the head of its response; beyond:
   * 504. Long, because variants run under debuggers.
   */
  readonly responseHeadMs: number;
  /** The head of a response; beyond: 502. */
  readonly responseHeadBytes: number;
  /** Open client connections of the gateway; beyond: 503. */
  readonly connections: number;
  /** WebSockets and other upgraded connections, open or requested; beyond: 503. */
  readonly upgrades: number;
  /** Connections to one incarnation; further requests wait for a free one. */
  readonly upstreamConnections: number;
  /** Concurrent streams of one HTTP/2 connection. */
  readonly streams: number;
}

export const defaultLimits: Limits = Object.freeze({
  headBytes: 16_384,
  headLines: 256,
  targetBytes: 8192,
  bodyBytes: Number.POSITIVE_INFINITY,
  headMs: 30_000,
  bodyIdleMs: 60_000,
  stalledMs: 300_000,
  halfClosedMs: 20_000,
  keepAliveMs: 65_000,
  connectMs: 5000,
  responseHeadMs: 300_000,
  responseHeadBytes: 65_536,
  connections: 10_000,
  upgrades: 2000,
  upstreamConnections: 512,
  streams: 256,
});

/** Stands for Infinity, which Node and undici do not accept. */
const unlimited = 0x3fff_ffff;

/** Fills in the defaults. */
export function completeLimits(given: Partial<Limits>): Limits {
  const { bodyBytes, ...others } = { ...defaultLimits, ...given };
  const finite = Object.entries(others).map(
    ([name, limit]) => [name, Math.min(limit, unlimited)] as const,
  );
  return { ...others, ...Object.fromEntries<number>(finite), bodyBytes };
}
