import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Connection } from "./connection.ts";
import { type Problem, renderProblem, statusOf } from "./problem.ts";
import type { Reply, ReplyHead } from "./reply.ts";

/** Up to this size copying the body costs less than a second buffer in the write (measured). */
const smallBody = 4096;

/** A reason phrase that Node can write. undici decodes as UTF-8, so other bytes arrive as replacement characters. */
const reasonPhrase = /^[\t\x20-\x7e\x80-\xff]+$/;

/** Answers over HTTP/1.1. */
export class Http1Reply implements Reply, Flushable {
  begun = false;
  readonly #res: ServerResponse;
  readonly #connection: Connection;
  readonly #flusher: HeadFlusher;
  #ended = false;
  /** The head is rendered but not sent. */
  #headPending = false;
  #contentLength = -1;

  constructor(res: ServerResponse, connection: Connection, flusher: HeadFlusher) {
    this.#res = res;
    this.#connection = connection;
    this.#flusher = flusher;
  }

  informational(status: number, headers: string[]): void {
    // HTTP/1.0 has no 1xx.
    if (this.#res.req.httpVersionMinor === 0 || this.#res.destroyed) return;
    this.#res.writeInformation(status, headers);
  }

  begin({ status, message, headers, contentLength }: ReplyHead): void {
    const res = this.#res;
    if (this.#connection.closing) res.shouldKeepAlive = false;
    res.writeHead(status, reasonPhrase.test(message) ? message : STATUS_CODES[status], headers);
    this.begun = true;
    this.#contentLength = contentLength;
    this.#headPending = true;
    this.#flusher.add(this);
  }

  write(chunk: Buffer): boolean {
    this.#headPending = false;
    if (chunk.length === this.#contentLength) {
      this.#ended = true;
      this.#endWithBody(chunk);
      return true;
    }
    return this.#res.write(chunk);
  }

  /** The whole body in one chunk: head and body are sent in one write. */
  #endWithBody(body: Buffer): void {
    // Node joins a head, which is a string, with a small body into one write only if that is a string too.
    if (body.length <= smallBody) this.#res.end(body.toString("latin1"), "latin1");
    else this.#res.end(body);
  }

  onceWritable(resume: () => void): void {
    this.#res.once("drain", resume);
  }

  end(trailers: readonly string[]): void {
    this.#headPending = false;
    if (this.#ended) return;
    this.#ended = true;
    if (trailers.length > 0 && this.#res.chunkedEncoding) this.#res.addTrailers(pairs(trailers));
    this.#res.end();
  }

  flush(): void {
    // Not `flushHeaders`: Node sends a head alone in UTF-8, and one before a buffer in latin1.
    if (this.#headPending && !this.#res.destroyed) this.#res.write(nothing);
    this.#headPending = false;
  }

  problem(problem: Problem, headers: readonly string[]): void {
    if (this.begun || this.#res.destroyed) return;
    const body = renderProblem(problem);
    if (problem.close === true) {
      this.#connection.inputClosed = true;
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
      endStream: false,
    });
    this.#headPending = false;
    this.#ended = true;
    if (problem.close === true && sendsBody(this.#res.req)) endAfterUpload(this.#res, body);
    else this.#res.end(body);
  }

  abort(): void {
    this.#headPending = false;
    this.#res.destroy();
  }
}

function sendsBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

const nothing = Buffer.alloc(0);
const lingerMs = 1000;

/**
 * Sends a response to a client that is still uploading: closing at once would reset the connection before the response
 * is read. The rest of the upload is discarded for up to `lingerMs`, then the connection is closed.
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

/** A response whose head waits for the first bytes of its body, to be sent in one packet with them. */
interface Flushable {
  /** Sends the head alone if no body has arrived. */
  flush(): void;
}

/**
 * Sends heads whose body did not arrive in the same read (event streams, slow bodies). One `setImmediate` for all heads
 * of a turn of the event loop, because one each would slow down every request.
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
