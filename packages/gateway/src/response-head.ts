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
/** Longer names, also longer than the gateway's own, cannot be known ones. */
const longestFixed = "access-control-allow-origin".length;

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
  const longestKnown = Math.max(longestFixed, names.trace.length, names.served.length);
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = textOf(raw[at]);
    const value = textOf(raw[at + 1]);
    if (name.length > longestKnown || !isRead(name, names) || reader.read(name, value, names)) {
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
  read(name: string, value: string, { trace }: HeaderNames): boolean {
    const lower = name.toLowerCase();
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
        if (lower === trace)
          this.trace = this.trace === undefined ? value : `${this.trace}, ${value}`;
        return false;
    }
  }
}

/** True for the headers that the gateway uses or drops. */
function isRead(name: string, names: HeaderNames): boolean {
  const lower = name.toLowerCase();
  return (
    lower === "content-length" ||
    lower === "content-disposition" ||
    lower === "access-control-allow-origin" ||
    lower === names.trace ||
    lower === names.served ||
    hopByHop.has(lower)
  );
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
