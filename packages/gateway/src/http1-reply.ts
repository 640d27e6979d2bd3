import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Connection } from "./connection.ts";
import { type Problem, renderProblem, statusOf } from "./problem.ts";
import type { Reply, ReplyHead } from "./reply.ts";

/** Bytes up to which a copy costs less than a second buffer in the write: measured. */
const smallBody = 4096;

/** A reason phrase that Node writes. undici reads them as UTF-8, of which others are mere replacement characters. */
const sayable = /^[\t\x20-\x7e\x80-\xff]+$/;

/** Answers over HTTP/1.1. */
export class Http1Reply implements Reply, Flushable {
  begun = false;
  readonly highestStatus = 999;
  readonly #res: ServerResponse;
  readonly #connection: Connection;
  readonly #flusher: HeadFlusher;
  #ended = false;
  /** The head is rendered and not sent. */
  #held = false;
  #contentLength = -1;

  constructor(res: ServerResponse, connection: Connection, flusher: HeadFlusher) {
    this.#res = res;
    this.#connection = connection;
    this.#flusher = flusher;
  }

  informational(status: number, headers: string[]): void {
    // HTTP/1.0 knows no 1xx.
    if (this.#res.req.httpVersionMinor === 0 || this.#res.destroyed) return;
    this.#res.writeInformation(status, headers);
  }

  begin({ status, message, headers, contentLength }: ReplyHead): void {
    const res = this.#res;
    if (this.#connection.closing) res.shouldKeepAlive = false;
    res.writeHead(status, sayable.test(message) ? message : STATUS_CODES[status], headers);
    this.begun = true;
    this.#contentLength = contentLength;
    this.#held = true;
    this.#flusher.add(this);
  }

  write(chunk: Buffer): boolean {
    this.#held = false;
    if (chunk.length === this.#contentLength) {
      this.#ended = true;
      this.#endWhole(chunk);
      return true;
    }
    return this.#res.write(chunk);
  }

  /** The whole body at once: head and body leave together, with the end of the message. */
  #endWhole(body: Buffer): void {
    // Node joins a head, which is a string, with a small body into one write only if that is a string too.
    if (body.length <= smallBody) this.#res.end(body.toString("latin1"), "latin1");
    else this.#res.end(body);
  }

  onceWritable(resume: () => void): void {
    this.#res.once("drain", resume);
  }

  end(trailers: readonly string[]): void {
    this.#held = false;
    if (this.#ended) return;
    this.#ended = true;
    if (trailers.length > 0 && this.#res.chunkedEncoding) this.#res.addTrailers(pairs(trailers));
    this.#res.end();
  }

  flush(): void {
    // Not `flushHeaders`: Node sends a head alone in UTF-8, and one before a buffer in latin1.
    if (this.#held && !this.#res.destroyed) this.#res.write(nothing);
    this.#held = false;
  }

  problem(problem: Problem, headers: readonly string[]): void {
    if (this.begun || this.#res.destroyed) return;
    const body = renderProblem(problem);
    if (problem.close === true) {
      this.#connection.broken = true;
      this.#res.shouldKeepAlive = false;
    }
    this.begin({
      status: statusOf(problem),
      message: "",
      headers: [
        "content-type",
        "application/problem+json",
        "content-length",
        String(Buffer.byteLength(body)),
        "cache-control",
        "no-store",
        ...headers,
      ],
      contentLength: -1,
      last: false,
    });
    this.#held = false;
    this.#ended = true;
    if (problem.close === true && sendsBody(this.#res.req)) endAfterUpload(this.#res, body);
    else this.#res.end(body);
  }

  cut(): void {
    this.#held = false;
    this.#res.destroy();
  }
}

function sendsBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

const nothing = Buffer.alloc(0);
const lingerMs = 1000;

/**
 * Lets a client that is still sending read why it should stop: closing at once would reset the connection under the
 * answer. The answer is sent whole; what still comes is thrown away for a moment, then the connection ends.
 */
function endAfterUpload(res: ServerResponse, body: string): void {
  const { req } = res;
  const end = (): void => {
    clearTimeout(timer);
    req.off("end", end);
    res.off("close", end);
    res.end();
  };
  const timer = setTimeout(end, lingerMs);
  res.write(body);
  req.once("end", end);
  res.once("close", end);
  req.resume();
}

function pairs(flat: readonly string[]): [string, string][] {
  const result: [string, string][] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) result.push([flat[at] ?? "", flat[at + 1] ?? ""]);
  return result;
}

/** An answer whose head is rendered but waits for the first bytes of its body, to leave in one packet with them. */
interface Flushable {
  /** Sends the head alone if no body has come meanwhile. */
  flush(): void;
}

/**
 * Sends heads whose body didn't come in the same read (event streams, slow bodies) at the end of the turn. One
 * immediate for all of a turn, because one for each would cost every ordinary request.
 */
export class HeadFlusher {
  #waiting: Flushable[] = [];

  add(reply: Flushable): void {
    if (this.#waiting.length === 0) setImmediate(this.#flush);
    this.#waiting.push(reply);
  }

  readonly #flush = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const reply of waiting) reply.flush();
  };
}
