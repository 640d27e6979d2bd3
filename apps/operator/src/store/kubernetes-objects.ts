import {
  type CreateOutcome,
  type DeleteOutcome,
  type ObjectDraft,
  type ObjectEvent,
  type ObjectList,
  type ObjectStore,
  type Precondition,
  storeCorrupt,
  type WriteOutcome,
} from "@cocktail/control-plane/store";
import {
  type Actor,
  hasFinalizer,
  type Kind,
  type Kinds,
  type ObjectOf,
} from "@cocktail/environment";
import {
  type Api,
  createObject,
  deleteObject,
  getObject,
  isConflict,
  isNotFound,
  type KubeObject,
  listObjects,
  onlyIfUnchanged,
  patchObject,
  type PatchStep,
} from "@cocktail/kubernetes";
import { type Clock, systemClock } from "@cocktail/work-queue";
import { fieldManager } from "../kinds.ts";
import { asking, asStoreError } from "./api-errors.ts";
import { type Codec, type Places, rawSpec, type Seen } from "./codec.ts";
import { specSteps } from "./fields.ts";
import { changedByStep, changedByText } from "./object-meta.ts";
import { codecs, ObjectReader, type ObjectReaderOptions } from "./object-reader.ts";
import { changedByAnnotation, teardownFinalizer } from "./resources.ts";
import { resumedWatch } from "./resumed-watch.ts";

export interface KubernetesObjectsOptions extends Places, Omit<ObjectReaderOptions, "places"> {
  readonly api: Api;
  readonly clock?: Clock | undefined;
  /** How long one connection of a watch lives. Default 45. */
  readonly watchSeconds?: number | undefined;
}

/** What a write works on. */
interface Target<K extends Kind> extends Seen<K> {
  readonly kind: K;
}

/** The engine's objects as objects of Kubernetes, which users write too, by kubectl and Helm. */
export class KubernetesObjects implements ObjectStore {
  readonly #options: KubernetesObjectsOptions;
  readonly #reader: ObjectReader;
  readonly #closed = new AbortController();

  constructor(options: KubernetesObjectsOptions) {
    this.#options = options;
    this.#reader = new ObjectReader({ ...options, places: options });
  }

  async get<K extends Kind>(kind: K, name: string): Promise<ObjectOf<K> | undefined> {
    return await asking(async () => (await this.#find(kind, name))?.object);
  }

  async list<K extends Kind>(kind: K): Promise<ObjectList<K>> {
    const codec: Codec<K> = codecs[kind];
    const namespace = codec.namespace(this.#options);
    return await asking(async () => {
      const listed = await listObjects(this.#options.api, codec.resource, { namespace });
      const items = this.#reader.replace(kind, listed.items);
      return { items, from: listed.resourceVersion };
    });
  }

  async *watch<K extends Kind>(
    kind: K,
    from: string,
    signal: AbortSignal,
  ): AsyncGenerator<ObjectEvent<K>, void, undefined> {
    const codec: Codec<K> = codecs[kind];
    const { api, log, clock = systemClock, watchSeconds: seconds } = this.#options;
    const { resource } = codec;
    const namespace = codec.namespace(this.#options);
    const stop = AbortSignal.any([signal, this.#closed.signal]);
    const where = { api, log, clock, resource, namespace, from, seconds, signal: stop };
    for await (const { type, object: raw } of resumedWatch(where)) {
      if (stop.aborted) return;
      const object = type === "put" ? this.#reader.put(kind, raw) : this.#reader.remove(kind, raw);
      if (object !== undefined) yield { change: type === "put" ? "put" : "removed", object };
    }
  }

  async create<K extends Kind>(draft: ObjectDraft<K>, actor: Actor): Promise<CreateOutcome<K>> {
    const { kind, name, spec, labels } = draft;
    const codec: Codec<K> = codecs[kind];
    const ref = codec.refOf(name, this.#options);
    if (ref === undefined) throw new TypeError(`there can't be a ${kind} ${name} here`);
    const metadata = {
      ...ref,
      ...(labels === undefined ? {} : { labels }),
      annotations: { [changedByAnnotation]: changedByText(actor, 1) },
      finalizers: hasFinalizer(kind) ? [teardownFinalizer] : [],
    };
    const body = { metadata, spec: codec.specOf(spec, { name }) };
    const { api } = this.#options;
    return await asking(async () => {
      for (;;) {
        const made = await createObject(api, codec.resource, body, { fieldManager });
        const raw = made ?? (await getObject(api, codec.resource, ref));
        // Removed since it was in the way.
        if (raw === undefined) continue;
        const object = this.#reader.read(kind, raw)?.object;
        if (object === undefined) throw storeCorrupt(`the ${kind} ${name} can't be read`);
        return { kind: made === undefined ? "exists" : "written", object };
      }
    });
  }

  async writeSpec<K extends Kind>(
    at: Precondition<K>,
    spec: Kinds[K]["spec"],
    actor: Actor,
  ): Promise<WriteOutcome<K>> {
    return await this.#write(at, async (target) => {
      const codec: Codec<K> = codecs[at.kind];
      const steps = specSteps(rawSpec(target), codec.specOf(spec, target));
      if (steps.length === 0) return written(target);
      const text = changedByText(actor, target.object.generation + 1);
      return await this.#patch(target, [...steps, changedByStep(target.raw, text)]);
    });
  }

  async writeStatus<K extends Kind>(
    at: Precondition<K>,
    status: Kinds[K]["status"],
  ): Promise<WriteOutcome<K>> {
    return await this.#write(at, async (target) => {
      const codec: Codec<K> = codecs[at.kind];
      const held = await this.#withFinalizer(target);
      const value = codec.statusOf(status, target);
      const steps: readonly PatchStep[] = [{ op: "add", path: "/status", value }];
      return await this.#patch({ ...target, raw: held }, steps, "status");
    });
  }

  async delete<K extends Kind>(at: Precondition<K>, actor: Actor): Promise<DeleteOutcome<K>> {
    return await this.#write<K, DeleteOutcome<K>>(at, async (target) => {
      if (target.object.deletedAt !== undefined) return written(target);
      const { api } = this.#options;
      const { resource }: Codec<K> = codecs[at.kind];
      const raw = hasFinalizer(at.kind) ? await this.#signed(target, actor) : target.raw;
      const { uid, resourceVersion } = raw.metadata;
      const outcome = await deleteObject(api, resource, raw.metadata, { uid, resourceVersion });
      if (outcome === "absent") return { kind: "absent" };
      const after = await this.#find(at.kind, at.name);
      const isThere = after !== undefined && after.raw.metadata.uid === uid;
      return isThere ? written(after) : { kind: "gone" };
    });
  }

  async release<K extends Kind>(at: Precondition<K>): Promise<DeleteOutcome<K>> {
    return await this.#write<K, DeleteOutcome<K>>(at, async (target) => {
      if (target.object.deletedAt === undefined) return written(target);
      const { finalizers = [] } = target.raw.metadata;
      const index = finalizers.indexOf(teardownFinalizer);
      // Whatever else holds the object, the engine is done with it.
      if (index < 0) return { kind: "gone" };
      await this.#patchRaw(target, [{ op: "remove", path: `/metadata/finalizers/${index}` }]);
      return { kind: "gone" };
    });
  }

  /** Ends all watches. */
  close(): void {
    this.#closed.abort();
  }

  async #find<K extends Kind>(kind: K, name: string): Promise<Seen<K> | undefined> {
    const codec: Codec<K> = codecs[kind];
    const ref = codec.refOf(name, this.#options);
    if (ref === undefined) return undefined;
    const raw = await getObject(this.#options.api, codec.resource, ref);
    return raw === undefined ? undefined : this.#reader.read(kind, raw);
  }

  /** Acts on the object if it still has the version that the write expects. */
  async #write<K extends Kind, O extends DeleteOutcome<K> = WriteOutcome<K>>(
    { kind, name, version }: Precondition<K>,
    act: (target: Target<K>) => Promise<O>,
  ): Promise<O | { readonly kind: "conflict" } | { readonly kind: "absent" }> {
    try {
      const seen = await this.#find(kind, name);
      if (seen === undefined) return { kind: "absent" };
      if (seen.raw.metadata.resourceVersion !== version) return { kind: "conflict" };
      return await act({ ...seen, kind });
    } catch (error) {
      if (isConflict(error)) return { kind: "conflict" };
      if (isNotFound(error)) return { kind: "absent" };
      throw asStoreError(error);
    }
  }

  async #patch<K extends Kind>(
    target: Target<K>,
    steps: readonly PatchStep[],
    subresource?: "status",
  ): Promise<WriteOutcome<K>> {
    const raw = await this.#patchRaw(target, steps, subresource);
    const after = this.#reader.read(target.kind, raw);
    if (after !== undefined) return written(after);
    throw storeCorrupt(`the ${target.kind} ${target.name} became unreadable by a write`);
  }

  async #patchRaw<K extends Kind>(
    { kind, raw }: Target<K>,
    steps: readonly PatchStep[],
    subresource?: "status",
  ): Promise<KubeObject> {
    const { resource }: Codec<K> = codecs[kind];
    const { namespace, name } = raw.metadata;
    const patch = { namespace, name, steps: [...onlyIfUnchanged(raw), ...steps] };
    return await patchObject(this.#options.api, resource, patch, { fieldManager, subresource });
  }

  /** Before anything is made for an object that somebody else created, so that its deletion waits for the teardown. */
  async #withFinalizer<K extends Kind>(target: Target<K>): Promise<KubeObject> {
    const { finalizers, deletionTimestamp } = target.raw.metadata;
    const isHeld = finalizers?.includes(teardownFinalizer) === true;
    if (isHeld || !hasFinalizer(target.kind) || deletionTimestamp !== undefined) return target.raw;
    const path = "/metadata/finalizers";
    return await this.#patchRaw(target, [
      finalizers === undefined
        ? { op: "add", path, value: [teardownFinalizer] }
        : { op: "add", path: `${path}/-`, value: teardownFinalizer },
    ]);
  }

  /** Says on the object who deletes it. */
  async #signed<K extends Kind>(target: Target<K>, actor: Actor): Promise<KubeObject> {
    const text = changedByText(actor, target.object.generation);
    return await this.#patchRaw(target, [changedByStep(target.raw, text)]);
  }
}

function written<K extends Kind>({
  object,
}: Seen<K>): {
  readonly kind: "written";
  readonly object: ObjectOf<K>;
} {
  return { kind: "written", object };
}
