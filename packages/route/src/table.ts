import { RC, STABLE } from "./names.ts";

export type Tier = "stable" | "rc" | "branch";
/** For a variant that is down: requests get 503 (`Fail`), or it leaves the table, so that the next layer answers (`Fallback`). */
export type OnUnavailable = "Fail" | "Fallback";

/** A live variant. */
export interface TableVariant {
  readonly incarnation: number;
  readonly tier: Tier;
  /** Git SHA, with `-dirty` for uncommitted changes, or image digest. */
  readonly revision: string;
  /** Base URL, stable for the life of the incarnation: `http://127.0.0.1:4001`. */
  readonly destination?: string | undefined;
  readonly onUnavailable: OnUnavailable;
  /** The endpoints that it consumes; absent: all endpoints of the service. */
  readonly endpoints?: readonly string[] | undefined;
}

/** A layer. `members` may name variants that are not live. */
export interface TableEnvironment {
  readonly parent: string;
  readonly members: Readonly<Record<string, string>>;
}

/** Immutable snapshot of the live variants and the environments. `stable` is the root and not listed. */
export interface RouteTable {
  readonly epoch: number;
  /** 8 hex digits of a hash chain over all tables, by which a reader detects another history. */
  readonly tag: string;
  /** Version of the rules of `resolve`. */
  readonly resolver: 1;
  /** Oldest epoch that is still stored. */
  readonly historyFloor: number;
  readonly services: Readonly<Record<string, Readonly<Record<string, TableVariant>>>>;
  readonly environments: Readonly<Record<string, TableEnvironment>>;
}

/** Maximum steps from a layer to `stable`; a layer whose parent is `stable` is one step away. */
export const maxDepth = 8;

/** Why the parents of a layer don't end at `stable`. */
export type ChainFault =
  | { readonly kind: "missing"; readonly layer: string }
  /** More than `maxDepth` steps, or a cycle. */
  | { readonly kind: "tooDeep" };

/** Checks the parents of one environment; undefined where they end at `stable` within `maxDepth` steps. */
export function checkChain(
  environments: Readonly<Record<string, Pick<TableEnvironment, "parent">>>,
  name: string,
): ChainFault | undefined {
  let layer = name;
  for (let depth = 0; depth < maxDepth && layer !== STABLE; depth++) {
    const environment = own(environments, layer);
    if (environment === undefined) return { kind: "missing", layer };
    layer = environment.parent;
  }
  return layer === STABLE ? undefined : { kind: "tooDeep" };
}

/** The table of epoch 0. */
export function emptyTable(tag: string): RouteTable {
  return {
    epoch: 0,
    tag,
    resolver: 1,
    historyFloor: 0,
    services: {},
    environments: { [RC]: { parent: STABLE, members: {} } },
  };
}

/** An own property of a record: `constructor` is a valid service name, and must not find an inherited one. */
export function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
