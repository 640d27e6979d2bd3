import type { Actor, AnyObject, Kind, ObjectOf, Write } from "@cocktail/environment";
import type { Core } from "./core.ts";

type Executor = Pick<Core, "objects" | "cache">;

/** `conflict`: an object was changed since the decision; the writes before it in the list were executed. */
export type Executed = "done" | "conflict";

/**
 * Executes the writes of one decision in order. If only the status of an object was written since the decision, its write
 * is retried on the new version.
 */
export async function execute(
  core: Executor,
  writes: readonly Write[],
  actor: Actor,
): Promise<Executed> {
  const seen = new Map(
    writes.map((each) => [keyOf(each), core.cache.index.get(each.kind, each.name)]),
  );
  for (const write of writes) {
    const after = await executeOne(core, write, seen.get(keyOf(write)), actor);
    if (after === "conflict") return "conflict";
    seen.set(keyOf(write), after);
  }
  return "done";
}

/** Returns the object after the write; undefined if it is gone. */
async function executeOne(
  core: Executor,
  write: Write,
  seen: AnyObject | undefined,
  actor: Actor,
): Promise<AnyObject | undefined | "conflict"> {
  if (write.op === "create") {
    const created = await core.objects.create(write, actor);
    core.cache.put(created.object);
    return created.kind === "written" ? created.object : "conflict";
  }
  let at: AnyObject | undefined = seen;
  while (at !== undefined) {
    const outcome =
      write.op === "delete"
        ? await core.objects.delete(at, actor)
        : await core.objects.writeSpec(at, write.spec, actor);
    if (outcome.kind === "written") {
      core.cache.put(outcome.object);
      return outcome.object;
    }
    if (outcome.kind === "gone") {
      core.cache.removed(at);
      return undefined;
    }
    at = sameSpec(await core.cache.fresh(write.kind, write.name), at);
  }
  return write.op === "delete" && core.cache.index.get(write.kind, write.name) === undefined
    ? undefined
    : "conflict";
}

function sameSpec(now: ObjectOf<Kind> | undefined, seen: AnyObject): AnyObject | undefined {
  const isSame =
    now?.uid === seen.uid && now.generation === seen.generation && now.deletedAt === seen.deletedAt;
  return isSame ? now : undefined;
}

function keyOf({ kind, name }: Write): string {
  return `${kind} ${name}`;
}
