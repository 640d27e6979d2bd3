import type { HeaderNames } from "@cocktail/route";

/** The kinds of headers. Numbers, because every header of every request is classified. */
export const Kind = {
  Other: 0,
  Host: 1,
  ContentLength: 2,
  TransferEncoding: 3,
  Connection: 4,
  Upgrade: 5,
  Te: 6,
  /** For this connection only. */
  HopByHop: 7,
  Pins: 8,
  Environment: 9,
  Mode: 10,
  Trace: 11,
  Served: 12,
  Baggage: 13,
  Cookie: 14,
  /** Message metadata; from outside it would be forged. */
  Stamp: 15,
  ForwardedFor: 16,
  ForwardedHost: 17,
  ForwardedProto: 18,
  Forwarded: 19,
  /** Other `X-Forwarded-*`, `X-Real-IP`: trusted from proxies only. */
  ForwardedOther: 20,
  Origin: 21,
  ContentType: 22,
  Expect: 23,
  /** One of the others with `_` for `-`; some servers treat both alike. */
  Lookalike: 24,
  Trailer: 25,
  /** Never dropped, even if `Connection` names it. */
  Guarded: 26,
  /** Never dropped, either. */
  Authorization: 27,
  Referer: 28,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

const fixed: readonly (readonly [string, Kind])[] = [
  ["host", Kind.Host],
  ["content-length", Kind.ContentLength],
  ["transfer-encoding", Kind.TransferEncoding],
  ["connection", Kind.Connection],
  ["upgrade", Kind.Upgrade],
  ["te", Kind.Te],
  ["keep-alive", Kind.HopByHop],
  ["proxy-connection", Kind.HopByHop],
  ["http2-settings", Kind.HopByHop],
  ["trailer", Kind.Trailer],
  ["expect", Kind.Expect],
  ["baggage", Kind.Baggage],
  ["cookie", Kind.Cookie],
  ["x-route-epoch", Kind.Stamp],
  ["x-message-id", Kind.Stamp],
  ["x-route-origin", Kind.Stamp],
  ["x-forwarded-for", Kind.ForwardedFor],
  ["x-forwarded-host", Kind.ForwardedHost],
  ["x-forwarded-proto", Kind.ForwardedProto],
  ["forwarded", Kind.Forwarded],
  ["x-real-ip", Kind.ForwardedOther],
  ["origin", Kind.Origin],
  ["content-type", Kind.ContentType],
  ["traceparent", Kind.Guarded],
  ["tracestate", Kind.Guarded],
  ["authorization", Kind.Authorization],
  ["referer", Kind.Referer],
];

interface Entry {
  readonly codes: Uint8Array;
  readonly kind: Kind;
}

const underscore = 0x5f;
const hyphen = 0x2d;
/** Folds upper case, and `_` to `-`. */
const fold = Uint8Array.from({ length: 256 }, (_, code) => {
  if (code >= 0x41 && code <= 0x5a) return code + 0x20;
  return code === underscore ? hyphen : code;
});
const forwardedPrefix = codesOf("x-forwarded-");

/** Classifies headers by name, without a lower-case copy of every name. */
export class Vocabulary {
  readonly names: HeaderNames;
  /** `Vary` of what the edge routes: by a host that names an environment, and by another one. */
  readonly vary: { readonly ofEnvironmentHost: string; readonly ofOtherHost: string };
  readonly #byLength: (readonly Entry[])[] = [];

  constructor(names: HeaderNames) {
    this.names = names;
    const { pins, environment, mode } = names;
    const ofEnvironmentHost = [pins, environment, mode, "baggage"].join(", ");
    this.vary = { ofEnvironmentHost, ofOtherHost: `${ofEnvironmentHost}, cookie, origin, referer` };
    const own: readonly (readonly [string, Kind])[] = [
      [names.pins, Kind.Pins],
      [names.environment, Kind.Environment],
      [names.mode, Kind.Mode],
      [names.trace, Kind.Trace],
      [names.served, Kind.Served],
    ];
    const entries = new Map([...fixed, ...own]);
    for (const [name, kind] of entries) {
      const entry = { codes: codesOf(name), kind };
      this.#byLength[name.length] = [...(this.#byLength[name.length] ?? []), entry];
    }
  }

  kindOf(name: string): Kind {
    const entries = this.#byLength[name.length];
    if (entries !== undefined) {
      for (const entry of entries) {
        if (matches(name, entry.codes)) {
          return name.includes("_") ? Kind.Lookalike : entry.kind;
        }
      }
    }
    if (name.length > forwardedPrefix.length && matches(name, forwardedPrefix)) {
      return Kind.ForwardedOther;
    }
    return Kind.Other;
  }
}

function matches(name: string, codes: Uint8Array): boolean {
  for (let at = 0; at < codes.length; at++) {
    if (fold[name.charCodeAt(at)] !== codes[at]) return false;
  }
  return true;
}

function codesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}
