import type { Connection } from "./connection.ts";
import type { Limits } from "./limits.ts";

/** Most answers have begun by then, and need no 100 before them. */
const firstMs = 500;
const nextMs = 100;
const longestMs = 5_000;

/**
 * A client that has ended its half may wait for its answer (RFC 9112 9.6), or have left: TCP shows the same. Only what is
 * sent to it tells, because who has left resets the connection. Before the head of an answer a 100 may be sent at any time,
 * and is ignored by clients that didn't ask for it (RFC 9110 15.2); HTTP/1.0 has none, and is waited for. An answer that has
 * begun and is silent for long counts as read by nobody.
 */
export function watchHalfClosed(connection: Connection, { halfClosedMs }: Limits): void {
  const { socket } = connection;
  let waitMs = nextMs;
  let sent = socket.bytesWritten;
  let silentSince = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const probe = (): void => {
    const response = connection.currentResponse;
    if (socket.destroyed || response === undefined) return;
    const { headersSent, req } = response;
    if (!headersSent && req.httpVersionMinor > 0) response.writeContinue();
    if (!headersSent || socket.bytesWritten > sent) silentSince = performance.now();
    sent = socket.bytesWritten;
    if (halfClosedMs > 0 && performance.now() - silentSince > halfClosedMs) socket.destroy();
    timer = setTimeout(probe, waitMs);
    waitMs = Math.min(waitMs * 2, longestMs);
  };
  socket.once("close", () => clearTimeout(timer));
  timer = setTimeout(probe, firstMs);
}
