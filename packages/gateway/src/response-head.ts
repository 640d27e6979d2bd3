import type { HeaderNames } from "@cocktail/route";

/** The head of a variant's response: the headers that are forwarded, and the values that the gateway uses. */
export interface ResponseHead {
  /** Name, value, name, value ...; end-to-end headers in order and case. */
  readonly headers: string[];
  /** -1: absent. */
  readonly contentLength: number;
  /** The hops below the variant, as it reports them. */
  readonly trace: string | undefined;
  /** True if `Access-Control-Allow-Origin` is present. */
  readonly crossOrigin: boolean;
  /** An unsupported transfer coding: a `Transfer-Encoding` other than `chunked`. Removing it would corrupt the body. */
  readonly encoded: boolean;
}

const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
  "te",
  "trailer",
]);
/** Lengths of the fixed names: any other header is not worth a lower-case copy of its name. */
const knownLengths: readonly boolean[] = (() => {
  const names = [
    ...hopByHop,
    "content-length",
    "content-disposition",
    "access-control-allow-origin",
  ];
  const lengths = new Set(names.map(({ length }) => length));
  return Array.from({ length: 32 }, (_, length) => lengths.has(length));
})();

/**
 * Reads the head of a response; raw headers are flat, as undici (Buffers) and node:http2 (strings) give them. The
 * Content-Length of a status without a body (RFC 9110 8.6) is dropped: a client might wait for that body.
 */
export function readResponseHead(
  status: number,
  raw: readonly (Buffer | string)[],
  names: HeaderNames,
): ResponseHead {
  const headers: string[] = [];
  const reader = new HeaderReader(status);
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = textOf(raw[at]);
    const value = textOf(raw[at + 1]);
    if (!mayBeKnown(name.length, names) || reader.read(name.toLowerCase(), value, names)) {
      headers.push(name, value);
    }
  }
  // Node throws at a Content-Disposition with an octet above 0x7f behind the length (`processHeader` in _http_outgoing).
  if (reader.hasDisposition) moveLast(headers, "content-length");
  const { connection, contentLength, trace, crossOrigin, encoded } = reader;
  return {
    headers: withoutConnectionOptions(headers, connection),
    contentLength,
    trace,
    crossOrigin,
    encoded,
  };
}

/** Collects the headers that the gateway uses. */
class HeaderReader {
  contentLength = -1;
  trace: string | undefined;
  crossOrigin = false;
  encoded = false;
  /** `Content-Disposition` is there. */
  hasDisposition = false;
  /** The connection options. */
  connection: string | undefined;
  readonly #bodiless: boolean;

  constructor(status: number) {
    this.#bodiless = status < 200 || status === 204;
  }

  /** True if the header is forwarded unchanged. */
  read(lower: string, value: string, { trace, served }: HeaderNames): boolean {
    switch (lower) {
      case "content-length":
        if (!this.#bodiless) this.contentLength = Number(value);
        return !this.#bodiless;
      case "access-control-allow-origin":
        this.crossOrigin = true;
        return true;
      case "content-disposition":
        this.hasDisposition = true;
        return true;
      case "connection":
        this.connection = this.connection === undefined ? value : `${this.connection},${value}`;
        return false;
      case "transfer-encoding":
        this.encoded ||= value.trim().toLowerCase() !== "chunked";
        return false;
      default:
        if (lower === served || hopByHop.has(lower)) return false;
        if (lower !== trace) return true;
        this.trace = this.trace === undefined ? value : `${this.trace}, ${value}`;
        return false;
    }
  }
}

function mayBeKnown(length: number, { trace, served }: HeaderNames): boolean {
  return knownLengths[length] === true || length === trace.length || length === served.length;
}

function textOf(part: Buffer | string | undefined): string {
  if (part === undefined) return "";
  return typeof part === "string" ? part : part.toString("latin1");
}

function moveLast(headers: string[], wanted: string): void {
  const at = headers.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === wanted);
  if (at >= 0) headers.push(...headers.splice(at, 2));
}

const neverDropped: ReadonlySet<string> = new Set([
  "content-length",
  "content-type",
  "set-cookie",
  "date",
]);

function withoutConnectionOptions(headers: string[], connection: string | undefined): string[] {
  if (connection === undefined || /^(?:keep-alive|close)$/i.test(connection)) return headers;
  const tokens = new Set(connection.split(",").map((token) => token.trim().toLowerCase()));
  const left: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const lower = (headers[at] ?? "").toLowerCase();
    if (!tokens.has(lower) || neverDropped.has(lower))
      left.push(headers[at] ?? "", headers[at + 1] ?? "");
  }
  return left;
}
