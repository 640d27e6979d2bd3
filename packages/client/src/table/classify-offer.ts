import type { TableId } from "@cocktail/route";

/**
 * What to do with an offered table.
 * - `take`: it is newer, or the first.
 * - `known`: it is the one held; streams may repeat themselves.
 * - `verify`: it is older, or of another history. Only the head can say which: a late event of the same history is
 *   dropped, a history that began anew (a purge, a restored backup) is followed although its epoch is lower.
 */
export type Verdict = "take" | "known" | "verify";

export function classifyOffer(held: TableId | undefined, offered: TableId): Verdict {
  if (held === undefined || offered.epoch > held.epoch) return "take";
  return isSame(held, offered) ? "known" : "verify";
}

export function isSame(one: TableId, other: TableId): boolean {
  return one.epoch === other.epoch && one.tag === other.tag;
}
