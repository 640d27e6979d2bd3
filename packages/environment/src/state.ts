import type { DesiredEnvironment, DesiredService, DesiredVariant } from "./desired.ts";
import type { IncarnationRecord } from "./incarnation.ts";

/**
 * The last numbers a key ever used, kept after it is destroyed, so that neither a generation nor an incarnation is ever
 * taken for an earlier one of the same name.
 */
export interface KeyCounter {
  readonly service: string;
  readonly key: string;
  readonly generation: number;
  readonly incarnation: number;
}

/** Everything that is stored beside the route table. Lists are in no particular order. */
export interface StoredState {
  readonly services: readonly DesiredService[];
  readonly variants: readonly DesiredVariant[];
  readonly environments: readonly DesiredEnvironment[];
  readonly incarnations: readonly IncarnationRecord[];
  readonly counters: readonly KeyCounter[];
}

export const emptyState: StoredState = {
  services: [],
  variants: [],
  environments: [],
  incarnations: [],
  counters: [],
};

/**
 * One write of the stored state. A list of them is written in one transaction, in order. Puts replace the whole record;
 * removing what is absent does nothing. `PutVariant` raises the key's counter to its generation and `PutIncarnation` to
 * its number, in the same transaction.
 */
export type StateChange =
  | { readonly kind: "PutService"; readonly service: DesiredService }
  | { readonly kind: "RemoveService"; readonly name: string }
  | { readonly kind: "PutVariant"; readonly variant: DesiredVariant }
  | { readonly kind: "RemoveVariant"; readonly service: string; readonly key: string }
  | { readonly kind: "PutEnvironment"; readonly environment: DesiredEnvironment }
  | { readonly kind: "RemoveEnvironment"; readonly name: string }
  | { readonly kind: "PutIncarnation"; readonly incarnation: IncarnationRecord }
  | {
      readonly kind: "RemoveIncarnation";
      readonly service: string;
      readonly key: string;
      readonly number: number;
    };
