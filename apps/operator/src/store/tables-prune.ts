import {
  endOf,
  type HistoryPart,
  type SegmentRef,
  sliceHistory,
  type TableHead,
} from "./tables-head.ts";

/** Which epoch was current at a time: known from the head, or to be looked up in a segment. Undefined before the oldest kept. */
export function currentAt(head: TableHead, time: number): number | SegmentRef | undefined {
  return lastUpTo(head.recent, time) ?? head.segments.findLast(({ at }) => at <= time);
}

/** The last of the epochs that became current up to a time. */
export function lastUpTo({ from, epochs }: HistoryPart, time: number): number | undefined {
  const at = epochs.findLastIndex((row) => row.at <= time);
  return at < 0 ? undefined : from + at;
}

/** Without the epochs below a floor, which never sinks and never rises above the head. */
export function raiseFloor(head: TableHead, to: number): TableHead {
  const floor = Math.min(Math.max(to, head.table.historyFloor), head.table.epoch);
  const { recent } = head;
  return {
    ...head,
    table: { ...head.table, historyFloor: floor },
    recent: floor > recent.from ? sliceHistory(recent, floor, endOf(recent)) : recent,
    segments: head.segments.filter((segment) => segment.to > floor),
  };
}
