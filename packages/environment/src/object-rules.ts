import {
  type Actor,
  type Kind,
  type Kinds,
  type ObjectMeta,
  type ObjectOf,
  hasFinalizer,
} from "./object.ts";

/** The version that a write makes, its time, and who requested it. */
export interface WriteContext {
  readonly version: string;
  readonly now: number;
  readonly actor?: Actor | undefined;
}

export interface NewObject<K extends Kind> {
  readonly kind: K;
  readonly name: string;
  readonly uid: string;
  readonly spec: Kinds[K]["spec"];
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** An object as it is first stored. */
export function newObject<K extends Kind>(
  { kind, name, uid, spec, labels = {} }: NewObject<K>,
  context: WriteContext,
): ObjectOf<K> {
  const { version, now: createdAt } = context;
  const meta = { name, uid, version, generation: 1, labels, createdAt, ...changedBy(context) };
  return asObject<K>({ kind, ...meta, spec });
}

/** Increments the generation and keeps the status. */
export function withSpec<K extends Kind>(
  object: ObjectOf<K>,
  spec: Kinds[K]["spec"],
  context: WriteContext,
): ObjectOf<K> {
  const { version } = context;
  const generation = object.generation + 1;
  return asObject<K>({ ...object, version, generation, spec, ...changedBy(context) });
}

export function withStatus<K extends Kind>(
  object: ObjectOf<K>,
  status: Kinds[K]["status"],
  { version }: Pick<WriteContext, "version">,
): ObjectOf<K> {
  return asObject<K>({ ...object, version, status });
}

/** The object with its deletion mark; undefined if it has no finalizer and is removed at once. */
export function withDeletion<K extends Kind>(
  object: ObjectOf<K>,
  context: WriteContext,
): ObjectOf<K> | undefined {
  if (!hasFinalizer(object.kind)) return undefined;
  const { now: deletedAt, version } = context;
  return asObject<K>({ ...object, version, deletedAt, ...changedBy(context) });
}

function changedBy({ actor, now }: WriteContext): Pick<ObjectMeta, "changedBy"> {
  return actor === undefined ? {} : { changedBy: { actor, at: now } };
}

/** TypeScript can't infer through a type parameter that the parts of one kind make up that kind's object. */
function asObject<K extends Kind>(
  parts: ObjectMeta & { readonly kind: Kind; readonly spec: object },
): ObjectOf<K> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return parts as ObjectOf<K>;
}
