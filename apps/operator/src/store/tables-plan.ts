import { formatHead, type Segment, segmentOf } from "./tables-document.ts";
import { configMapBytes, pack, type Packed, tooBig } from "./tables-packed.ts";
import { type Cut, cutAll, cutHistory, type CutLimits } from "./tables-cut.ts";
import type { TableHead } from "./tables-head.ts";

export interface TableStoreLimits extends CutLimits {
  /** Of one object, compressed: what the API server takes. */
  readonly objectBytes: number;
}

export const defaultLimits: TableStoreLimits = {
  recentEpochs: 256,
  recentBytes: 256 * 2 ** 10,
  segmentBytes: 512 * 2 ** 10,
  objectBytes: configMapBytes,
};

/** All writes of one append: the segments first, then the head that refers to them. */
export interface PlannedWrite {
  readonly segments: readonly { readonly segment: Segment; readonly packed: Packed }[];
  readonly head: TableHead;
  readonly packed: Packed;
}

/** Throws if it can't be stored. */
export async function planWrite(head: TableHead, limits: TableStoreLimits): Promise<PlannedWrite> {
  const usual = await planCut(head, cutHistory(head.recent, limits));
  const most = headBytes(limits);
  if (usual.packed.bytes <= most) return await withinLimits(usual, limits);
  const smallest = await planCut(head, cutAll(head.recent, limits));
  if (smallest.packed.bytes <= most) return await withinLimits(smallest, limits);
  const { epoch } = head.table;
  const counts = `${head.variants.length} variants and ${head.environments.length} environments`;
  throw tooBig(`the table of epoch ${epoch}, with ${counts},`, smallest.packed, most);
}

/** A next epoch may end everything that the head lists, and that has to fit in a segment. */
function headBytes({ objectBytes }: TableStoreLimits): number {
  return Math.floor((objectBytes * 7) / 8);
}

type Planned = Omit<PlannedWrite, "segments"> & { readonly segments: readonly Segment[] };

async function planCut(head: TableHead, { older, recent }: Cut): Promise<Planned> {
  const segments = older.map((part) => segmentOf(head.history, part));
  const next = { ...head, recent, segments: [...head.segments, ...segments.map(({ ref }) => ref)] };
  return { segments, head: next, packed: await packHead(next) };
}

async function withinLimits(
  { segments, ...planned }: Planned,
  { objectBytes }: TableStoreLimits,
): Promise<PlannedWrite> {
  const packed = await Promise.all(
    segments.map(async (segment) => ({ segment, packed: await packSegment(segment) })),
  );
  const over = packed.find(({ packed }) => packed.bytes > objectBytes);
  if (over === undefined) return { ...planned, segments: packed };
  const { from, to } = over.segment.ref;
  throw tooBig(`the history of epochs ${from} to ${to - 1}`, over.packed, objectBytes);
}

export async function packHead(head: TableHead): Promise<Packed> {
  const { epoch, tag, historyFloor } = head.table;
  return await pack(formatHead(head), { epoch: `${epoch}`, tag, historyFloor: `${historyFloor}` });
}

async function packSegment({ text, ref: { from, to } }: Segment): Promise<Packed> {
  return await pack(text, { from: `${from}`, to: `${to}` });
}
