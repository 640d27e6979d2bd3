import type { FieldValue } from "@cocktail/route";
import type { ListenerRole } from "./listener-role.ts";
import { Kind, type Vocabulary } from "./vocabulary.ts";

/** A request's headers, read once: those that are forwarded unchanged, and those that the gateway uses. */
export class Head {
  /**
   * Name, value, name, value ...: the headers that are forwarded, in order and case. May include fields captured below.
   * Without `Trailer`: the trailers of a request are not forwarded over HTTP/1.1.
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

  get hasRouteFields(): boolean {
    return (
      this.pins !== undefined ||
      this.environment !== undefined ||
      this.mode !== undefined ||
      this.baggage !== undefined
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
 * Sorts raw headers (name, value, name, value ...) into a `Head`. An edge drops the forwarding headers of a client, and
 * rewrites the route.
 */
export function readHead(raw: readonly string[], vocabulary: Vocabulary, role: ListenerRole): Head {
  const head = new Head();
  const inMesh = role.kind === "mesh";
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? "";
    const value = raw[at + 1] ?? "";
    head.lines++;
    head.bytes += name.length + value.length;
    const kind = vocabulary.kindOf(name);
    if (kind === Kind.Other || kind === Kind.Guarded || capture(head, kind, value, inMesh)) {
      head.kept.push(name, value);
    }
  }
  if (head.connection !== undefined) dropConnectionOptions(head, vocabulary);
  return head;
}

/** Captures a header; true if it is also forwarded unchanged. */
function capture(head: Head, kind: Kind, value: string, inMesh: boolean): boolean {
  if (kind >= Kind.Pins && kind <= Kind.Baggage) return captureRoute(head, kind, value, inMesh);
  if (kind >= Kind.ForwardedFor && kind <= Kind.ForwardedOther) {
    return captureForwarded(head, kind, value, inMesh);
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
      return captureHop(head, kind, value, inMesh);
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

function captureHop(head: Head, kind: Kind, value: string, inMesh: boolean): boolean {
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
      return inMesh;
    default:
      return false;
  }
}

function captureRoute(head: Head, kind: Kind, value: string, inMesh: boolean): boolean {
  switch (kind) {
    case Kind.Pins:
      head.pins = joined(head.pins, value);
      return inMesh;
    case Kind.Environment:
      head.environment = joined(head.environment, value);
      return inMesh;
    case Kind.Mode:
      head.mode = joined(head.mode, value);
      return inMesh;
    case Kind.Baggage:
      head.baggage = joined(head.baggage, value);
      return inMesh;
    case Kind.Trace:
      head.trace ??= value;
      return false;
    default:
      return false;
  }
}

function captureForwarded(head: Head, kind: Kind, value: string, inMesh: boolean): boolean {
  if (!inMesh) return false;
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

const standardOptions = new Set(["close", "keep-alive", "upgrade", "te", "http2-settings", ""]);

/**
 * Drops the headers that `Connection` names (RFC 9110 7.6.1), except those that the gateway knows: a client must not be
 * able to strip the route, `Host`, a trace context or credentials.
 */
function dropConnectionOptions(head: Head, vocabulary: Vocabulary): void {
  const options = new Set<string>();
  for (const token of (head.connection ?? "").split(",")) {
    const name = token.trim().toLowerCase();
    if (!standardOptions.has(name) && vocabulary.kindOf(name) === Kind.Other) options.add(name);
  }
  if (options.size === 0) return;
  const kept: string[] = [];
  for (let at = 0; at + 1 < head.kept.length; at += 2) {
    const name = head.kept[at] ?? "";
    if (!options.has(name.toLowerCase())) kept.push(name, head.kept[at + 1] ?? "");
  }
  head.kept = kept;
}
