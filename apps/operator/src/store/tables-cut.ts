import { endOf, type HistoryPart, sliceHistory } from "./tables-head.ts";

export interface CutLimits {
  /** How many epochs the head holds. */
  readonly recentEpochs: number;
  /** How many bytes of history the head holds, before compression. */
  readonly recentBytes: number;
  /** How many bytes a segment holds, before compression, unless one epoch alone has more. */
  readonly segmentBytes: number;
}

export interface Cut {
  /** Older first. */
  readonly older: readonly HistoryPart[];
  readonly recent: HistoryPart;
}

/** Takes the older half off, once there is too much. */
export function cutHistory(part: HistoryPart, limits: CutLimits): Cut {
  const bytes = bytesPerEpoch(part);
  const isWithin = bytes.length <= limits.recentEpochs && sum(bytes) <= limits.recentBytes;
  if (isWithin) return { older: [], recent: part };
  const most = Math.max(Math.floor(limits.recentEpochs / 2), 1);
  return cutBefore(part, endOf(part) - newest(bytes, most, limits.recentBytes / 2), limits);
}

/** Leaves only the last epoch. */
export function cutAll(part: HistoryPart, limits: CutLimits): Cut {
  return cutBefore(part, endOf(part) - 1, limits);
}

function cutBefore(part: HistoryPart, cut: number, { segmentBytes }: CutLimits): Cut {
  const bytes = bytesPerEpoch(part);
  const older: HistoryPart[] = [];
  for (let from = part.from; from < cut;) {
    let to = from + 1;
    let size = bytes[from - part.from] ?? 0;
    for (; to < cut; to++) {
      size += bytes[to - part.from] ?? 0;
      if (size > segmentBytes) break;
    }
    older.push(sliceHistory(part, from, to));
    from = to;
  }
  return { older, recent: sliceHistory(part, cut) };
}

/** How many of the last epochs fit, one at least: the table's own is never cut off. */
function newest(bytes: readonly number[], most: number, mostBytes: number): number {
  let count = 1;
  for (let size = bytes.at(-1) ?? 0; count < Math.min(most, bytes.length); count++) {
    size += bytes[bytes.length - 1 - count] ?? 0;
    if (size > mostBytes) break;
  }
  return count;
}

function bytesPerEpoch({ from, epochs, variants, environments }: HistoryPart): readonly number[] {
  const bytes = epochs.map((row) => JSON.stringify(row).length);
  for (const span of [...variants, ...environments]) {
    const at = span.to - 1 - from;
    bytes[at] = (bytes[at] ?? 0) + Buffer.byteLength(JSON.stringify(span));
  }
  return bytes;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
