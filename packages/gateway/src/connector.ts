import type { Socket } from "node:net";
import { buildConnector, errors } from "undici";
import { codeOf } from "./failure.ts";
import { dropContinue } from "./informational.ts";
import type { Limits } from "./limits.ts";

/** Errors of sockets that had carried a response before. */
const reusedSocketErrors = new WeakSet<Error>();

/** undici's connector, which also reads on after failed writes, and records whether a failed connection was a reused one. */
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
      readOnAfterFailedWrites(socket, dropContinue(socket));
      callback(null, socket);
    });
  };
}

/** True where the connection had carried a response before, and ended before the first byte of this one. */
export function wasReused(error: Error): boolean {
  if (reusedSocketErrors.has(error)) return true;
  return error instanceof errors.SocketError && (error.socket?.bytesRead ?? 0) > 0;
}

/**
 * A variant may answer and close before it has read the whole request (RFC 9112 9.5, 9.6). Node destroys a socket at the
 * first failed write, and with it the answer that has already arrived. So a write that fails because the other side has
 * closed counts as done: reading goes on, and its end says how it went.
 */
function readOnAfterFailedWrites(socket: Socket, written: (chunk: unknown) => void): void {
  const { _write: write, _writev: writev } = socket;
  socket._write = (chunk, encoding, callback) => {
    written(chunk);
    write.call(socket, chunk, encoding, withoutPeerClosed(callback));
  };
  if (writev === undefined) return;
  socket._writev = (chunks, callback) => {
    for (const { chunk } of chunks) written(chunk);
    writev.call(socket, chunks, withoutPeerClosed(callback));
  };
}

type WriteCallback = (error?: Error | null) => void;

function withoutPeerClosed(callback: WriteCallback): WriteCallback {
  return (error) => {
    if (error && peerClosed.has(codeOf(error))) callback(null);
    else callback(error);
  };
}

const peerClosed: ReadonlySet<string> = new Set(["EPIPE", "ECONNRESET"]);
