import type { Socket } from "node:net";

const start = Buffer.from("HTTP/1.1 100");
const end = Buffer.from("\r\n\r\n");

/**
 * Drops what a variant sends of `100 Continue` (RFC 9110 15.2: a client that didn't ask for it may ignore it), because undici
 * ends the connection at it. Only where the head of an answer is due: in a body the same bytes are content.
 */
class ContinueFilter {
  #isDue = false;
  /** The beginning of what may be a 100, so far. */
  #held: Buffer | undefined;

  /** A request was written: what comes next is the head of its answer. */
  requestWritten(): void {
    this.#isDue = true;
  }

  /** What is left of a chunk; undefined where nothing is, yet. */
  take(chunk: Buffer): Buffer | undefined {
    if (!this.#isDue) return chunk;
    let bytes = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = undefined;
    while (isStart(bytes)) {
      const at = bytes.length < start.length ? -1 : bytes.indexOf(end);
      if (at < 0 && bytes.length < longest) {
        this.#held = bytes;
        return undefined;
      }
      if (at < 0) break;
      bytes = bytes.subarray(at + end.length);
      if (bytes.length === 0) return undefined;
    }
    this.#isDue = false;
    return bytes;
  }

  /** What is held when the variant ends. */
  rest(): Buffer | undefined {
    const held = this.#held;
    this.#held = undefined;
    return held;
  }
}

/** Bytes of the head of a 100. */
const longest = 8_192;

/** What there is of it begins like the head of a 100. Most heads differ in the first digit of the status. */
function isStart(bytes: Buffer): boolean {
  if (bytes.length > firstDigit && bytes[firstDigit] !== start[firstDigit]) return false;
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
}

const firstDigit = "HTTP/1.1 ".length;

/** undici writes the head of a request as one string, and bodies as buffers, their chunk sizes apart. */
const requestHead = / HTTP\/1\.1\r\n/;

/** Puts a filter between a socket and whoever reads it. Returns the function to call with everything that is written. */
export function dropContinue(socket: Socket): (chunk: unknown) => void {
  const filter = new ContinueFilter();
  const { push } = socket;
  socket.push = (chunk: unknown, encoding) => {
    const passed = Buffer.isBuffer(chunk) ? filter.take(chunk) : chunk;
    // Readable takes undefined for the end.
    if (passed === undefined) return true;
    const rest = passed === null ? filter.rest() : undefined;
    if (rest !== undefined) push.call(socket, rest);
    return push.call(socket, passed, encoding);
  };
  return (chunk) => {
    if (typeof chunk === "string" && requestHead.test(chunk)) filter.requestWritten();
  };
}
