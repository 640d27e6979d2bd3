import type { Actor, AnyObject, ObjectMeta } from "./object.ts";
import { ObjectIndex, type Objects } from "./object-index.ts";
import { newObject, withDeletion, withSpec } from "./object-rules.ts";
import type { Write } from "./write.ts";

/** The objects as they would be after a list of writes, for a dry run. */
export function simulate(objects: Objects, writes: readonly Write[], now: number): ObjectIndex {
  const index = new ObjectIndex([
    ...objects.services.values(),
    ...objects.variants.values(),
    ...objects.environments.values(),
  ]);
  for (const write of writes) applyWrite(index, write, { now, version: "simulated" });
  return index;
}

interface WriteStamp {
  readonly now: number;
  readonly version: string;
  readonly actor?: Actor | undefined;
}

/** Applies one write to an index without checking its precondition. */
export function applyWrite(
  index: ObjectIndex,
  write: Write,
  at: WriteStamp & Partial<Pick<ObjectMeta, "uid">>,
): void {
  const after = objectAfter(index, write, at);
  if (after === undefined) index.remove(write.kind, write.name);
  else index.put(after);
}

function objectAfter(
  index: ObjectIndex,
  write: Write,
  at: WriteStamp & Partial<Pick<ObjectMeta, "uid">>,
): AnyObject | undefined {
  if (write.op === "create") return newObject({ uid: "simulated", ...at, ...write }, at);
  const before = index.get(write.kind, write.name);
  if (before === undefined) return undefined;
  if (write.op === "delete")
    return before.deletedAt === undefined ? withDeletion(before, at) : before;
  return withSpec(before, write.spec, at);
}
