import {
  type Action,
  decideDeleteEnvironment,
  findVariant,
  type IncarnationRecord,
  newIncarnation,
  type StateChange,
} from "@cocktail/environment";
import { formatVariant, own, parseVariant } from "@cocktail/route";
import type { Scene } from "./scene.ts";

/** True for the steps that are writes of the state and nothing else. */
export function isStateStep(action: Action): boolean {
  switch (action.kind) {
    case "DestroyVariant":
    case "DestroyEnvironment":
    case "CreateIncarnation":
    case "RecordState":
    case "ForgetIncarnation":
    case "ForgetVariant":
      return true;
    default:
      return false;
  }
}

/** What such a step writes. */
export function stateChanges(scene: Scene, action: Action): readonly StateChange[] {
  switch (action.kind) {
    case "DestroyVariant":
      return destroyed(scene, action.target);
    case "DestroyEnvironment":
      return environmentDestroyed(scene, action.target);
    case "CreateIncarnation":
      return created(scene, action);
    case "RecordState":
      return recorded(scene, action);
    case "ForgetIncarnation":
      return [{ kind: "RemoveIncarnation", ...action.ref }];
    case "ForgetVariant": {
      const pin = parseVariant(action.target);
      return pin === undefined ? [] : [{ kind: "RemoveVariant", ...pin }];
    }
    default:
      return [];
  }
}

function destroyed({ state }: Scene, target: string): readonly StateChange[] {
  const pin = parseVariant(target);
  const variant = pin && findVariant(state, pin.service, pin.key);
  return variant === undefined
    ? []
    : [{ kind: "PutVariant", variant: { ...variant, deleted: true } }];
}

function environmentDestroyed(scene: Scene, name: string): readonly StateChange[] {
  const { state, findings } = scene;
  const names = state.variants.map(({ service, key }) => formatVariant(service, key));
  const decision = decideDeleteEnvironment(state, {
    name,
    keepVariants: false,
    discard: false,
    uncommittedWork: new Set(names.filter((each) => findings.hasUncommittedWork(each))),
    because: "Expired",
  });
  return decision.kind === "refused" ? [] : decision.changes;
}

function created(
  scene: Scene,
  { ref }: Extract<Action, { kind: "CreateIncarnation" }>,
): readonly StateChange[] {
  const { state, run, now } = scene;
  const desired = findVariant(state, ref.service, ref.key);
  if (desired === undefined) return [];
  return [
    { kind: "PutIncarnation", incarnation: newIncarnation(desired, ref.number, { run, now }) },
  ];
}

function recorded(
  scene: Scene,
  { ref, to, failure }: Extract<Action, { kind: "RecordState" }>,
): readonly StateChange[] {
  const { state, table } = scene;
  const record = state.incarnations.find(
    (each) => each.service === ref.service && each.key === ref.key && each.number === ref.number,
  );
  if (record === undefined) return [];
  const listed = own(own(table.services, ref.service) ?? {}, ref.key);
  const known = listed?.incarnation === ref.number ? listed : undefined;
  const incarnation: IncarnationRecord = {
    ...record,
    state: to,
    failure: failure ?? record.failure,
    revision: known?.revision ?? record.revision,
    destination: known?.destination ?? record.destination,
  };
  return [{ kind: "PutIncarnation", incarnation }];
}
