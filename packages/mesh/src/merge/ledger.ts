import { hash8 } from "@cocktail/route";
import { bytesOf, canonical, type Fields, fieldsOf, isFields, listOf, textsOf } from "../fields.ts";
import { type RouteKind, routeKinds } from "./route-kind.ts";
import { isOwnName } from "./route-names.ts";
import type { RawVirtualService } from "./types.ts";

/** On the target. Not of `istio.io`: istiod pushes routes to every proxy when an annotation of its own changes. */
export const ledgerAnnotation = "cocktail.dev/merged-routes";

/** What is recorded of a merged route: whose it is, and what it was. */
export interface LedgerEntry {
  readonly uid: string;
  readonly generation: number;
  readonly hash: string;
}

export interface Ledger {
  readonly http: ReadonlyMap<string, LedgerEntry>;
  /** Routes of tcp and tls have no names: the hash finds them. */
  readonly tcp: readonly LedgerEntry[];
  readonly tls: readonly LedgerEntry[];
  /** Fields that the target didn't have before: `http`, `tcp`, `tls`, `annotations`. */
  readonly added: readonly string[];
}

/** A merged route as it is found in the target. */
export interface OwnedRoute {
  readonly kind: RouteKind;
  readonly route: Fields;
  readonly entry: LedgerEntry | undefined;
}

export interface Stripped {
  /** The target as it is without merged routes, byte for byte. */
  readonly base: RawVirtualService;
  readonly owned: readonly OwnedRoute[];
  /** Undefined where there is none, or none that can be read. */
  readonly ledger: Ledger | undefined;
  readonly isReadable: boolean;
}

export function hashOf(route: Fields): string {
  return hash8(canonical(route));
}

/** Removes what the ledger lists, and nothing that a patch says: a patch may have changed since, or be gone. */
export function strip(target: RawVirtualService): Stripped {
  const text = target.metadata.annotations?.[ledgerAnnotation];
  const ledger = text === undefined ? undefined : readLedger(text);
  const owned = routeKinds.flatMap((kind) => ownedOf(kind, listOf(target.spec[kind]), ledger));
  const added = ledger?.added ?? [];
  const metadata = text === undefined ? target.metadata : withoutLedger(target.metadata, added);
  const spec = owned.length === 0 ? target.spec : withoutRoutes(target.spec, owned, added);
  return {
    base: { ...target, metadata, spec },
    owned,
    ledger,
    isReadable: text === undefined || ledger !== undefined,
  };
}

function withoutRoutes(
  spec: Fields,
  owned: readonly OwnedRoute[],
  added: readonly string[],
): Fields {
  const routes = new Set(owned.map(({ route }) => route));
  const kinds: readonly string[] = owned.map(({ kind }) => kind);
  return Object.fromEntries(
    Object.entries(spec).flatMap(([name, value]) => {
      if (!kinds.includes(name)) return [[name, value]];
      const rest = listOf(value).filter((route) => !routes.has(route));
      return rest.length === 0 && added.includes(name) ? [] : [[name, rest]];
    }),
  );
}

function withoutLedger(
  metadata: RawVirtualService["metadata"],
  added: readonly string[],
): RawVirtualService["metadata"] {
  const { [ledgerAnnotation]: _ledger, ...annotations } = metadata.annotations ?? {};
  if (Object.keys(annotations).length === 0 && added.includes("annotations")) {
    const { annotations: _, ...rest } = metadata;
    return rest;
  }
  return { ...metadata, annotations };
}

/**
 * A name of ours is always ours, also where the ledger was lost. Any other name is ours while the route is what was merged: a base that was
 * applied again may have a route of that name.
 */
function ownedOf(
  kind: RouteKind,
  routes: readonly Fields[],
  ledger: Ledger | undefined,
): readonly OwnedRoute[] {
  if (kind === "http")
    return routes.flatMap((route): OwnedRoute[] => {
      const name = typeof route["name"] === "string" ? route["name"] : "";
      const entry = ledger?.http.get(name);
      const isOurs = isOwnName(name) || (entry !== undefined && entry.hash === hashOf(route));
      return isOurs ? [{ kind, route, entry }] : [];
    });
  const left = [...(ledger?.[kind] ?? [])];
  return routes.flatMap((route): OwnedRoute[] => {
    if (left.length === 0) return [];
    const hash = hashOf(route);
    const at = left.findIndex((entry) => entry.hash === hash);
    return at < 0 ? [] : [{ kind, route, entry: left.splice(at, 1)[0] }];
  });
}

export function writeLedger({ http, tcp, tls, added }: Ledger): string {
  const row = ({ uid, generation, hash }: LedgerEntry): readonly unknown[] => [
    uid,
    generation,
    hash,
  ];
  return JSON.stringify({
    added,
    http: Object.fromEntries([...http].map(([name, entry]) => [name, row(entry)])),
    tcp: tcp.map(row),
    tls: tls.map(row),
  });
}

/** What the record of a route takes at most. */
export function recordBytes(
  name: string,
  { uid, generation }: Pick<LedgerEntry, "uid" | "generation">,
): number {
  return bytesOf({ [name]: [uid, generation, hashOf({})] });
}

function readLedger(text: string): Ledger | undefined {
  const read = parse(text);
  if (!isFields(read)) return undefined;
  const http = new Map<string, LedgerEntry>();
  for (const [name, row] of Object.entries(fieldsOf(read["http"]))) {
    const entry = entryOf(row);
    if (entry !== undefined) http.set(name, entry);
  }
  const rows = (value: unknown): readonly LedgerEntry[] =>
    Array.isArray(value) ? value.flatMap((row: unknown) => entryOf(row) ?? []) : [];
  return { http, tcp: rows(read["tcp"]), tls: rows(read["tls"]), added: textsOf(read["added"]) };
}

function entryOf(row: unknown): LedgerEntry | undefined {
  const list: readonly unknown[] = Array.isArray(row) ? row : [];
  const [uid, generation, hash] = list;
  if (typeof uid !== "string" || typeof generation !== "number" || typeof hash !== "string")
    return undefined;
  return { uid, generation, hash };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The objects whose routes are in a VirtualService, by uid, as its record says; also those that were wiped from it since. */
export function recordedOwners({ metadata }: RawVirtualService): readonly string[] {
  const ledger = readLedger(metadata.annotations?.[ledgerAnnotation] ?? "");
  if (ledger === undefined) return [];
  return [
    ...new Set([...ledger.http.values(), ...ledger.tcp, ...ledger.tls].map(({ uid }) => uid)),
  ];
}

/** Whether there is anything of a merge in a VirtualService. */
export function isMergeTarget(target: RawVirtualService): boolean {
  return (
    target.metadata.annotations?.[ledgerAnnotation] !== undefined || strip(target).owned.length > 0
  );
}

/** Whether somebody replaced the routes of a target, and merged ones with them, since they were merged. */
export function wasWiped(target: RawVirtualService): boolean {
  const { ledger, owned } = strip(target);
  if (ledger === undefined) return false;
  return owned.length < ledger.http.size + ledger.tcp.length + ledger.tls.length;
}
