import type { Actor, AnyObject, Kind, ObjectOf, Write } from "@cocktail/environment";
import type { Core } from "./core.ts";

type Executor = Pick<Core, "objects" | "cache">;

/** `conflict`: an object is not what the decision saw; what stood before it in the list is written. */
export type Executed = "done" | "conflict";

/**
 * Makes the writes of one decision, in their order. An object whose status alone was written meanwhile is still what the
 * decision saw.
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

/** The object after the write; undefined where it is gone. */
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
