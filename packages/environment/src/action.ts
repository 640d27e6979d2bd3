import {
  type Failure,
  type IncarnationRef,
  type VariantState,
  formatIncarnation,
} from "./incarnation.ts";
import type { LifecycleEvent } from "./transition.ts";

/**
 * One step toward the desired state, the same on every platform. Each is idempotent: an executor that doesn't know
 * whether a step was done repeats it.
 */
export type Action =
  | {
      readonly kind: "DestroyVariant";
      readonly target: string;
      readonly reason: "Expired" | "Promoted" | "Requested";
      /** Uncommitted work may be discarded. */
      readonly discard?: boolean | undefined;
    }
  | { readonly kind: "DestroyEnvironment"; readonly target: string; readonly reason: "Expired" }
  | {
      readonly kind: "CreateIncarnation";
      readonly ref: IncarnationRef;
      readonly rollout: number;
    }
  | { readonly kind: "EnsureWorkload"; readonly ref: IncarnationRef }
  | { readonly kind: "AwaitReady"; readonly ref: IncarnationRef }
  | { readonly kind: "PublishTable"; readonly target: string; readonly change: string }
  | {
      readonly kind: "RecordState";
      readonly ref: IncarnationRef;
      readonly event: LifecycleEvent;
      readonly from: VariantState;
      readonly to: VariantState;
      readonly failure?: Failure | undefined;
    }
  | { readonly kind: "AwaitReaders"; readonly target: string; readonly epoch: number }
  | { readonly kind: "ProbeRoute"; readonly ref: IncarnationRef }
  | { readonly kind: "DrainWorkload"; readonly ref: IncarnationRef }
  | { readonly kind: "RemoveWorkload"; readonly ref: IncarnationRef }
  | { readonly kind: "ForgetIncarnation"; readonly ref: IncarnationRef }
  /** Removes what a variant has besides its incarnations: checkouts, listeners, logs. */
  | { readonly kind: "ReleaseVariant"; readonly target: string; readonly discard: boolean }
  /** Removes the object of a deleted variant or environment from the store. */
  | { readonly kind: "ForgetVariant"; readonly target: string }
  | { readonly kind: "ForgetEnvironment"; readonly target: string };

export type ActionKind = Action["kind"];

/** An action as it is shown by a dry run. */
export interface DescribedAction {
  readonly kind: ActionKind;
  readonly target: string;
  readonly detail?: string | undefined;
}

export function describeAction(action: Action): DescribedAction {
  const target = "ref" in action ? formatIncarnation(action.ref) : action.target;
  const detail = detailOf(action);
  return { kind: action.kind, target, ...(detail === undefined ? {} : { detail }) };
}

function detailOf(action: Action): string | undefined {
  switch (action.kind) {
    case "DestroyVariant":
    case "DestroyEnvironment":
      return action.reason;
    case "CreateIncarnation":
      return `rollout ${action.rollout}`;
    case "PublishTable":
      return action.change;
    case "RecordState":
      return `${action.from} -> ${action.to} (${action.event})`;
    case "ReleaseVariant":
      return action.discard ? "with uncommitted work" : undefined;
    default:
      return undefined;
  }
}
