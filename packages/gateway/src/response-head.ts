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
/** Headers longer than this are certainly none of those the gateway knows. */
const longestKnown = 27;

/** Reads the head of a response; raw headers are flat, as undici (Buffers) and node:http2 (strings) give them. */
export function readResponseHead(
  raw: readonly (Buffer | string)[],
  names: HeaderNames,
): ResponseHead {
  const headers: string[] = [];
  let contentLength = -1;
  let trace: string | undefined;
  let crossOrigin = false;
  let named: string | undefined;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = textOf(raw[at]);
    if (name.length > longestKnown || !isNoted(name, names)) {
      headers.push(name, textOf(raw[at + 1]));
      continue;
    }
    const value = textOf(raw[at + 1]);
    const lower = name.toLowerCase();
    if (lower === "content-length") {
      contentLength = Number(value);
      headers.push(name, value);
    } else if (lower === "access-control-allow-origin") {
      crossOrigin = true;
      headers.push(name, value);
    } else if (lower === names.trace) trace = trace === undefined ? value : `${trace}, ${value}`;
    else if (lower === "connection") named = named === undefined ? value : `${named},${value}`;
  }
  return { headers: withoutNamed(headers, named), contentLength, trace, crossOrigin };
}

/** Cheap first look: only these letters and lengths are worth a lower-case copy. */
function isNoted(name: string, names: HeaderNames): boolean {
  const lower = name.toLowerCase();
  return (
    lower === "content-length" ||
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
