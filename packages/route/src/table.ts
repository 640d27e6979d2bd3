import { RC, STABLE } from "./names.ts";

export type Tier = "stable" | "rc" | "branch";
/** What a variant that is down does: answers 503, or leaves the table so that the next layer answers. */
export type OnUnavailable = "Fail" | "Fallback";

/** A live variant, as the table lists it. */
export interface TableVariant {
  readonly incarnation: number;
  readonly tier: Tier;
  /** Git SHA (`-dirty` appended where the tree was), or image digest. */
  readonly revision: string;
  /** Base URL, stable for the life of the incarnation: `http://127.0.0.1:4001`. */
  readonly destination?: string | undefined;
  readonly onUnavailable: OnUnavailable;
  /** The endpoints it consumes; absent: all of the service's. */
  readonly endpoints?: readonly string[] | undefined;
}

/** One layer. `members` may name variants that are not live. */
export interface TableEnvironment {
  readonly parent: string;
  readonly members: Readonly<Record<string, string>>;
}

/** Immutable snapshot of the live variants and the environments. `stable` is the root and not listed. */
export interface RouteTable {
  readonly epoch: number;
  /** 8 hex digits: a chain over all tables, so that a reader notices a history that is not its own. */
  readonly tag: string;
  /** Version of the resolve rule. */
  readonly resolver: 1;
  /** Oldest epoch that can still be asked for. */
  readonly historyFloor: number;
  readonly services: Readonly<Record<string, Readonly<Record<string, TableVariant>>>>;
  readonly environments: Readonly<Record<string, TableEnvironment>>;
}

/** Steps from a layer to `stable`: a layer whose parent is `stable` is one deep. */
export const maxDepth = 8;

/** Why a layer's parents don't end at `stable`. */
export type ChainFault =
  | { readonly kind: "missing"; readonly layer: string }
  /** More than `maxDepth` steps, which every circle is. */
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

/** The table before anything was ever published. */
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

/** Names are data (`constructor` is a fine service): only own properties count. */
export function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
