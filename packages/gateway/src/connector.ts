import { buildConnector, errors } from "undici";
import type { Limits } from "./limits.ts";

/** Errors of sockets that had carried a response before. */
const reusedSocketErrors = new WeakSet<Error>();

/** Connects as undici does, and remembers of every failure whether the connection was a reused one. */
export function connectorFor(limits: Limits): buildConnector.connector {
  const connect = buildConnector({ timeout: limits.connectMs, allowH2: false });
  return (options, callback) => {
    connect(options, (error, socket) => {
      if (error !== null) {
        callback(error, null);
        return;
      }
      socket.on("error", (failure: Error) => {
        if (socket.bytesRead > 0) reusedSocketErrors.add(failure);
      });
      callback(null, socket);
    });
  };
}

/** True where the connection had answered before, and ended before a byte of this response. */
export function wasReused(error: Error): boolean {
  if (reusedSocketErrors.has(error)) return true;
  return error instanceof errors.SocketError && (error.socket?.bytesRead ?? 0) > 0;
}
