import type { HeaderNames } from "@cocktail/route";

/** The head of a variant's response, sorted: what goes on as it came, and what the gateway reads. */
export interface ResponseHead {
  /** Name, value, name, value ...; end-to-end headers in order and case. */
  readonly headers: string[];
  /** -1 where it was not given. */
  readonly contentLength: number;
  /** What the variant says of the hops below it. */
  readonly trace: string | undefined;
  /** `Access-Control-Allow-Origin` is there: a browser of another origin reads this. */
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
/** Headers longer than this, and than the gateway's own, are certainly none of those it knows. */
const longestFixed = "access-control-allow-origin".length;

/**
 * Reads the head of a response; raw headers are flat, as undici (Buffers) and node:http2 (strings) give them. The
 * length of what has no body by its status (RFC 9110 8.6) does not go on: somebody might wait for it.
 */
export function readResponseHead(
  status: number,
  raw: readonly (Buffer | string)[],
  names: HeaderNames,
): ResponseHead {
  const headers: string[] = [];
  const noted = new Noted(status);
  const longestKnown = Math.max(longestFixed, names.trace.length, names.served.length);
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = textOf(raw[at]);
    const value = textOf(raw[at + 1]);
    if (name.length > longestKnown || !isNoted(name, names) || noted.take(name, value, names)) {
      headers.push(name, value);
    }
  }
  // Node throws at a Content-Disposition with an octet above 0x7f behind the length (`processHeader` in _http_outgoing).
  if (noted.isDisposed) moveLast(headers, "content-length");
  const { named, contentLength, trace, crossOrigin, encoded } = noted;
  return { headers: withoutNamed(headers, named), contentLength, trace, crossOrigin, encoded };
}

/** What the gateway reads of a response's head. */
class Noted {
  contentLength = -1;
  trace: string | undefined;
  crossOrigin = false;
  encoded = false;
  /** `Content-Disposition` is there. */
  isDisposed = false;
  /** What `Connection` names. */
  named: string | undefined;
  readonly #bodiless: boolean;

  constructor(status: number) {
    this.#bodiless = status < 200 || status === 204;
  }

  /** True where the header goes on as it came. */
  take(name: string, value: string, { trace }: HeaderNames): boolean {
    const lower = name.toLowerCase();
    switch (lower) {
      case "content-length":
        if (!this.#bodiless) this.contentLength = Number(value);
        return !this.#bodiless;
      case "access-control-allow-origin":
        this.crossOrigin = true;
        return true;
      case "content-disposition":
        this.isDisposed = true;
        return true;
      case "connection":
        this.named = this.named === undefined ? value : `${this.named},${value}`;
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

/** Cheap first look: only these letters and lengths are worth a lower-case copy. */
function isNoted(name: string, names: HeaderNames): boolean {
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

const never: ReadonlySet<string> = new Set([
  "content-length",
  "content-type",
  "set-cookie",
  "date",
]);

function withoutNamed(headers: string[], named: string | undefined): string[] {
  if (named === undefined || /^(?:keep-alive|close)$/i.test(named)) return headers;
  const tokens = new Set(named.split(",").map((token) => token.trim().toLowerCase()));
  const left: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const lower = (headers[at] ?? "").toLowerCase();
    if (!tokens.has(lower) || never.has(lower)) left.push(headers[at] ?? "", headers[at + 1] ?? "");
  }
  return left;
}
