/** Names that HTTP/2 forbids (RFC 9113 8.2.2) and that were not dropped earlier. */
const forbidden: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
  "host",
]);

/** The head of a request stream as HTTP/1.1 headers. */
export interface StreamHead {
  readonly method: string;
  readonly path: string;
  /** `:authority`, else `host`. */
  readonly raw: string[];
  /** Set where two parts of the head contradict each other. */
  readonly fault: string | undefined;
}

/**
 * Makes HTTP/1.1 headers of a stream's: `:authority` becomes `host`, and `cookie` crumbs (RFC 9113 8.2.3) one line.
 */
export function fromHttp2(rawHeaders: readonly string[]): StreamHead {
  const special = new Map<string, string>();
  const raw: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    const value = rawHeaders[at + 1] ?? "";
    if (name.startsWith(":") || name === "host") special.set(name, value);
    else if (name === "cookie") special.set(name, [...listOf(special.get(name)), value].join("; "));
    else raw.push(name, value);
  }
  const cookie = special.get("cookie");
  if (cookie !== undefined) raw.push("cookie", cookie);
  const { host, fault } = hostOf(special);
  if (host !== undefined) raw.unshift("host", host);
  return { method: textOf(special, ":method"), path: textOf(special, ":path"), raw, fault };
}

function textOf(special: ReadonlyMap<string, string>, name: string): string {
  return special.get(name) ?? "";
}

function listOf(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value];
}

interface StreamHost {
  readonly host: string | undefined;
  readonly fault: string | undefined;
}

/** `:authority` and `host` may both be there if they say the same (RFC 9113 8.3.1). */
function hostOf(special: ReadonlyMap<string, string>): StreamHost {
  const authority = special.get(":authority");
  const host = special.get("host");
  const differ = authority !== undefined && host !== undefined && host !== authority;
  return {
    host: authority ?? host,
    fault: differ ? ":authority and host disagree" : undefined,
  };
}

export interface RequestLine {
  readonly method: string;
  readonly path: string;
  readonly fallbackAuthority: string;
}

/** The flat headers of a request stream, pseudo-headers first. */
export function toHttp2Request(headers: readonly string[], line: RequestLine): string[] {
  const rest: string[] = [];
  let authority = line.fallbackAuthority;
  eachHeader(headers, (lower, value) => {
    if (lower === "host") authority = value;
    else if (!forbidden.has(lower)) rest.push(lower, withoutSpace(value));
  });
  const { method, path } = line;
  return [":method", method, ":scheme", "http", ":authority", authority, ":path", path, ...rest];
}

/** The flat headers of a response: lower case, without those that HTTP/2 forbids. */
export function toHttp2Response(status: number, headers: readonly string[]): string[] {
  const flat = [":status", String(status)];
  eachHeader(headers, (lower, value) => {
    if (!forbidden.has(lower)) flat.push(lower, withoutSpace(value));
  });
  return flat;
}

/** A field value of HTTP/2 neither begins nor ends with a space or a tab (RFC 9113 8.2.1). */
function withoutSpace(value: string): string {
  return /^[ \t]|[ \t]$/.test(value) ? value.replace(/^[ \t]+|[ \t]+$/g, "") : value;
}

/** The headers without pseudo-headers. */
export function withoutPseudo(raw: readonly string[]): string[] {
  const flat: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? "";
    if (!name.startsWith(":")) flat.push(name, raw[at + 1] ?? "");
  }
  return flat;
}

/** As node:http2 takes trailers: one object, repeated names as lists. */
export function toTrailerObject(flat: readonly string[]): Record<string, string | string[]> {
  const trailers: Record<string, string | string[]> = {};
  eachHeader(flat, (lower, value) => {
    const known = Object.hasOwn(trailers, lower) ? trailers[lower] : undefined;
    trailers[lower] =
      known === undefined ? value : [...(typeof known === "string" ? [known] : known), value];
  });
  return trailers;
}

function eachHeader(flat: readonly string[], see: (lower: string, value: string) => void): void {
  for (let at = 0; at + 1 < flat.length; at += 2) {
    see((flat[at] ?? "").toLowerCase(), flat[at + 1] ?? "");
  }
}
