import type { Socket } from "node:net";

export type Protocol = "http1" | "http2";

/** What a client that speaks HTTP/2 from the start sends first (RFC 9113 3.4). */
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** Undecided while the bytes are a beginning of the preface. */
export function detectProtocol(bytes: Buffer): Protocol | undefined {
  const length = Math.min(bytes.length, preface.length);
  for (let at = 0; at < length; at++) {
    if (bytes[at] !== preface[at]) return "http1";
  }
  return length === preface.length ? "http2" : undefined;
}

/**
 * Reads as much of a new connection as tells what it speaks, gives it back to the socket, and hands over. A client that
 * has not said enough after `timeoutMs` (0: never) is cut off: no server watches it yet.
 */
export function peek(
  socket: Socket,
  timeoutMs: number,
  handOver: (protocol: Protocol) => void,
): void {
  let seen: Buffer | undefined;
  const timer = timeoutMs > 0 ? setTimeout(() => socket.destroy(), timeoutMs) : undefined;
  const stop = (): void => {
    clearTimeout(timer);
    socket.off("readable", look);
    socket.off("end", end);
    socket.off("close", stop);
  };
  // The protocol is unknown, so no response is possible.
  const end = (): void => socket.destroySoon();
  const look = (): void => {
    const chunk: unknown = socket.read();
    if (Buffer.isBuffer(chunk)) seen = seen === undefined ? chunk : Buffer.concat([seen, chunk]);
    const protocol = seen === undefined ? undefined : detectProtocol(seen);
    if (seen === undefined || protocol === undefined) return;
    stop();
    socket.unshift(seen);
    handOver(protocol);
  };
  socket.on("readable", look);
  socket.on("end", end);
  socket.on("close", stop);
}
