import type { FieldValue } from "@cocktail/route";
import type { Place } from "./place.ts";
import { Kind, type Vocabulary } from "./vocabulary.ts";

/** A request's headers, read once: what goes on as it came, and what the gateway decides by. */
export class Head {
  /**
   * Name, value, name, value ...: end-to-end headers in order and case. What is captured below may be among them.
   * `Trailer` is not: no trailers of a request go on.
   */
  kept: string[] = [];
  lines = 0;
  /** Names and values together. */
  bytes = 0;

  host: string | undefined;
  hostLines = 0;
  contentLength: string | undefined;
  contentLengthLines = 0;
  transferEncoding: string | undefined;
  transferEncodingLines = 0;
  connection: string | undefined;
  upgrade: string | undefined;
  expect: string | undefined;
  /** `Authorization` of a scheme that authenticates the connection, not the request (RFC 4559). */
  bindsConnection = false;
  /** `TE: trailers`: the client reads trailers. */
  takesTrailers = false;

  pins: FieldValue;
  environment: FieldValue;
  mode: FieldValue;
  baggage: FieldValue;
  trace: string | undefined;
  cookie: string | undefined;

  forwarded: string | undefined;
  forwardedFor: string | undefined;
  forwardedHost: string | undefined;
  forwardedProto: string | undefined;
  origin: string | undefined;
  referer: string | undefined;
  contentType: string | undefined;

  /** True when nothing in it can carry a route: the way of most requests. */
  get plain(): boolean {
    return (
      this.pins === undefined &&
      this.environment === undefined &&
      this.mode === undefined &&
      this.baggage === undefined
    );
  }

  get hasBody(): boolean {
    return (
      this.transferEncoding !== undefined ||
      (this.contentLength !== undefined && this.contentLength !== "0")
    );
  }

  get wantsTrace(): boolean {
    return this.trace !== undefined && this.trace.trim().toLowerCase() === "on";
  }

  /** `application/grpc`, `application/grpc+proto`, and no other name that begins so: gRPC-web speaks HTTP/1.1 too. */
  get isGrpc(): boolean {
    return this.contentType !== undefined && grpcType.test(this.contentType);
  }
}

const bindingScheme = /^(?:NTLM|Negotiate)(?:$|[ \t])/i;
const grpcType = /^application\/grpc(?:$|[+; \t])/i;

/**
 * Sorts raw headers (name, value, name, value ...) into a `Head`. An edge believes nothing that a client says about other
 * proxies, and rewrites the route.
 */
export function readHead(raw: readonly string[], vocabulary: Vocabulary, place: Place): Head {
  const head = new Head();
  const inside = place.kind === "mesh";
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? "";
    const value = raw[at + 1] ?? "";
    head.lines++;
    head.bytes += name.length + value.length;
    const kind = vocabulary.kindOf(name);
    if (kind === Kind.Other || kind === Kind.Guarded || capture(head, kind, value, inside)) {
      head.kept.push(name, value);
    }
  }
  if (head.connection !== undefined) dropNamed(head, vocabulary);
  return head;
}

/** Notes what is known of the header; true when it also goes on as it came. */
function capture(head: Head, kind: Kind, value: string, inside: boolean): boolean {
  if (kind >= Kind.Pins && kind <= Kind.Baggage) return captureRoute(head, kind, value, inside);
  if (kind >= Kind.ForwardedFor && kind <= Kind.ForwardedOther) {
    return captureForwarded(head, kind, value, inside);
  }
  switch (kind) {
    case Kind.Host:
      return captureHost(head, value);
    case Kind.ContentLength:
      return captureLength(head, value);
    case Kind.Cookie:
      head.cookie = head.cookie === undefined ? value : `${head.cookie}; ${value}`;
      return true;
    case Kind.Origin:
    case Kind.Referer:
    case Kind.Authorization:
    case Kind.ContentType:
      note(head, kind, value);
      return true;
    default:
      return captureHop(head, kind, value, inside);
  }
}

function note(head: Head, kind: Kind, value: string): void {
  if (kind === Kind.Origin) head.origin ??= value;
  else if (kind === Kind.Referer) head.referer ??= value;
  else if (kind === Kind.ContentType) head.contentType ??= value;
  else head.bindsConnection ||= bindingScheme.test(value);
}

function captureHost(head: Head, value: string): boolean {
  head.host ??= value;
  return head.hostLines++ === 0;
}

function captureLength(head: Head, value: string): boolean {
  head.contentLength ??= value;
  return head.contentLengthLines++ === 0;
}

function captureHop(head: Head, kind: Kind, value: string, inside: boolean): boolean {
  switch (kind) {
    case Kind.TransferEncoding:
      head.transferEncoding ??= value;
      head.transferEncodingLines++;
      return false;
    case Kind.Connection:
      head.connection = head.connection === undefined ? value : `${head.connection},${value}`;
      return false;
    case Kind.Upgrade:
      head.upgrade = head.upgrade === undefined ? value : `${head.upgrade}, ${value}`;
      return false;
    case Kind.Expect:
      head.expect = head.expect === undefined ? value : `${head.expect}, ${value}`;
      return false;
    case Kind.Te:
      head.takesTrailers ||= /(?:^|,)[ \t]*trailers[ \t]*(?:,|;|$)/i.test(value);
      return false;
    case Kind.Stamp:
      return inside;
    default:
      return false;
  }
}

function captureRoute(head: Head, kind: Kind, value: string, inside: boolean): boolean {
  switch (kind) {
    case Kind.Pins:
      head.pins = joined(head.pins, value);
      return inside;
    case Kind.Environment:
      head.environment = joined(head.environment, value);
      return inside;
    case Kind.Mode:
      head.mode = joined(head.mode, value);
      return inside;
    case Kind.Baggage:
      head.baggage = joined(head.baggage, value);
      return inside;
    case Kind.Trace:
      head.trace ??= value;
      return false;
    default:
      return false;
  }
}

function captureForwarded(head: Head, kind: Kind, value: string, inside: boolean): boolean {
  if (!inside) return false;
  switch (kind) {
    case Kind.ForwardedFor:
      head.forwardedFor = listed(head.forwardedFor, value);
      return false;
    case Kind.Forwarded:
      head.forwarded = listed(head.forwarded, value);
      return false;
    case Kind.ForwardedHost:
      head.forwardedHost ??= value;
      return false;
    case Kind.ForwardedProto:
      head.forwardedProto ??= value;
      return false;
    default:
      return true;
  }
}

function joined(before: FieldValue, value: string): FieldValue {
  if (before === undefined) return value;
  return typeof before === "string" ? [before, value] : [...before, value];
}

function listed(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`;
}

const ordinaryTokens = new Set(["close", "keep-alive", "upgrade", "te", "http2-settings", ""]);

/**
 * Drops what `Connection` names (RFC 9110 7.6.1). Only headers the gateway has no opinion about: naming the route,
 * `Host`, a trace context or credentials there would take from a request what it is about.
 */
function dropNamed(head: Head, vocabulary: Vocabulary): void {
  const named = new Set<string>();
  for (const token of (head.connection ?? "").split(",")) {
    const name = token.trim().toLowerCase();
    if (!ordinaryTokens.has(name) && vocabulary.kindOf(name) === Kind.Other) named.add(name);
  }
  if (named.size === 0) return;
  const kept: string[] = [];
  for (let at = 0; at + 1 < head.kept.length; at += 2) {
    const name = head.kept[at] ?? "";
    if (!named.has(name.toLowerCase())) kept.push(name, head.kept[at + 1] ?? "");
  }
  head.kept = kept;
}
