import { storeCorrupt, storeUnavailable } from "@cocktail/control-plane/store";
import { type Api, createObject, deleteObject, getObject, listObjects } from "@cocktail/kubernetes";
import { configMaps, fieldManager } from "../kinds.ts";
import { type Packed, unpack } from "./tables-packed.ts";
import { parseSegment, parseSegmentName, type Segment } from "./tables-document.ts";
import type { HistoryPart, SegmentRef, TableHead } from "./tables-head.ts";
import { tableLabels } from "./tables-object.ts";

const roleLabel = "cocktail.dev/table-segment";
/** How many are kept in memory; a week of a busy cluster. */
const mostKept = 64;
/** A page may be that many megabytes. */
const pageSize = 20;

/** The objects that hold the older history. None ever changes. */
export class Segments {
  readonly #api: Api;
  readonly #namespace: string;
  readonly #kept = new Map<string, HistoryPart>();

  constructor(api: Api, namespace: string) {
    this.#api = api;
    this.#namespace = namespace;
  }

  /** Makes sure that it is there: a writer that ended before it wrote the head left it. */
  async ensure({ ref, text }: Segment, { values }: Packed): Promise<void> {
    const labels = { ...tableLabels, [roleLabel]: "true" };
    const metadata = { namespace: this.#namespace, name: ref.name, labels };
    const object = { metadata, ...values, immutable: true };
    const made = await createObject(this.#api, configMaps, object, { fieldManager });
    if (made !== undefined) return;
    const there = await this.#text(ref);
    if (there === undefined) throw storeUnavailable(`ConfigMap ${ref.name} went as it was made`);
    if (there !== text) throw storeCorrupt(`ConfigMap ${ref.name} is there, with another content`);
  }

  /** Undefined if it is not there. */
  async read(ref: SegmentRef): Promise<HistoryPart | undefined> {
    const kept = this.#kept.get(ref.name);
    if (kept !== undefined) return kept;
    const text = await this.#text(ref);
    if (text === undefined) return undefined;
    const part = parseSegment(text, ref);
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size >= mostKept) this.#kept.delete(oldest);
    this.#kept.set(ref.name, part);
    return part;
  }

  /** Deletes what no head needs. `head` is called after the objects are listed: see `isGarbage`. */
  async sweep(head: () => Promise<TableHead>): Promise<void> {
    const labelSelector = roleLabel;
    const { items } = await listObjects(this.#api, configMaps, {
      namespace: this.#namespace,
      labelSelector,
      pageSize,
    });
    const current = await head();
    for (const { metadata } of items) {
      const { name, uid } = metadata;
      if (!isGarbage(name, current)) continue;
      await deleteObject(this.#api, configMaps, { namespace: this.#namespace, name }, { uid });
    }
  }

  async #text({ name }: SegmentRef): Promise<string | undefined> {
    const object = await getObject(this.#api, configMaps, { namespace: this.#namespace, name });
    return object && (await unpack(object));
  }
}

/**
 * No head can come to need it, not even that of a writer who is between the segment and the head: he refers only to a segment
 * that begins where the recent history of his head does, and if that is not here any more, his write is refused. A segment
 * that begins there, or later, may be about to be needed.
 */
export function isGarbage(name: string, head: TableHead): boolean {
  const segment = parseSegmentName(name);
  if (segment === undefined) return false;
  if (segment.history !== head.history) return true;
  return segment.from < head.recent.from && head.segments.every((ref) => ref.name !== name);
}
