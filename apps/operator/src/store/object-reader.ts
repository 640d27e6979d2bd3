import { ControlPlaneError, readObject } from "@cocktail/control-plane/store";
import { type Kind, kinds, type ObjectOf } from "@cocktail/environment";
import { keyOf, type KubeObject, type Logger } from "@cocktail/kubernetes";
import type { Codec, Places, Reading, Seen } from "./codec.ts";
import { environmentCodec } from "./environment-codec.ts";
import { metaOf } from "./object-meta.ts";
import { recordCodec } from "./record-codec.ts";
import { variantCodec } from "./variant-codec.ts";

export const codecs: { readonly [K in Kind]: Codec<K> } = {
  Service: recordCodec("Service"),
  ServiceVariant: variantCodec,
  Environment: environmentCodec,
  Ledger: recordCodec("Ledger"),
};

export interface ObjectReaderOptions {
  readonly places: Places;
  readonly log: Logger;
  /** Told of each object that is left out, and why, as often as it is seen. */
  readonly unreadable?: ((object: KubeObject, why: string) => void) | undefined;
}

/**
 * Objects of Kubernetes as objects of the engine. Anybody may have written them: one that can't be read is left out and reported, and
 * never stops the other ones.
 */
export class ObjectReader {
  readonly #options: ObjectReaderOptions;
  /** What was last read of each uid. A watch has to say what was removed, whatever has become of it meanwhile. */
  readonly #last = new Map<Kind, Map<string, ObjectOf<Kind>>>(
    kinds.map((kind) => [kind, new Map<string, ObjectOf<Kind>>()]),
  );

  constructor(options: ObjectReaderOptions) {
    this.#options = options;
  }

  /** Undefined if it is left out. */
  read<K extends Kind>(kind: K, raw: KubeObject): Seen<K> | undefined {
    const found = parse(kind, raw, this.#options.places);
    if (found.kind === "read") return { raw, name: found.object.name, object: found.object };
    if (found.kind === "unreadable") this.#report(raw, found.why);
    return undefined;
  }

  /** Of a list or a watch: remembered until it is removed. */
  put<K extends Kind>(kind: K, raw: KubeObject): ObjectOf<K> | undefined {
    const object = this.read(kind, raw)?.object;
    if (object !== undefined) this.#last.get(kind)?.set(raw.metadata.uid ?? "", object);
    return object;
  }

  /** All that there is of a kind. */
  replace<K extends Kind>(kind: K, all: readonly KubeObject[]): readonly ObjectOf<K>[] {
    this.#last.get(kind)?.clear();
    return all.flatMap((raw) => this.put(kind, raw) ?? []);
  }

  /** The last state of what was removed; undefined if it never was an object of the engine. */
  remove<K extends Kind>(kind: K, raw: KubeObject): ObjectOf<K> | undefined {
    const uid = raw.metadata.uid ?? "";
    const last = this.#last.get(kind)?.get(uid);
    this.#last.get(kind)?.delete(uid);
    const found = parse(kind, raw, this.#options.places);
    if (found.kind === "read") return found.object;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the map of this kind has only its objects
    return last as ObjectOf<K> | undefined;
  }

  #report(raw: KubeObject, why: string): void {
    const { log, unreadable } = this.#options;
    const fields = { kind: raw.kind, object: keyOf(raw.metadata), why, reason: "Unreadable" };
    log.warn(fields, "an object is left out: it can't be read");
    try {
      unreadable?.(raw, why);
    } catch (err) {
      log.error({ ...fields, err }, "reporting an object failed");
    }
  }
}

type Parsed<K extends Kind> =
  | { readonly kind: "read"; readonly object: ObjectOf<K> }
  | Exclude<Reading, { readonly kind: "read" }>;

function parse<K extends Kind>(kind: K, raw: KubeObject, places: Places): Parsed<K> {
  const codec: Codec<K> = codecs[kind];
  const reading = codec.read(raw);
  if (reading.kind !== "read") return reading;
  const { name, spec, status } = reading;
  const { namespace } = raw.metadata;
  const place = codec.refOf(name, places);
  if (place?.namespace !== namespace)
    return { kind: "unreadable", why: `no ${kind} ${name} is expected in namespace ${namespace}` };
  try {
    return { kind: "read", object: readObject(kind, { ...metaOf(raw, name), spec, status }) };
  } catch (error) {
    if (!ControlPlaneError.is(error, "STORE_CORRUPT")) throw error;
    return { kind: "unreadable", why: error.message };
  }
}
