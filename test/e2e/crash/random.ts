/** Choices that follow from a seed alone. */
export interface Random {
  /** From 0 to below `limit`. */
  int(limit: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
}

/** The nth of the generators of a seed: neighbours share nothing. */
export function randomOf(seed: number, nth: number): Random {
  let state = mix(mix(seed >>> 0) ^ mix(nth + 0x9e37));
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    return mix(state) / 2 ** 32;
  };
  const int = (limit: number): number => Math.floor(next() * limit);
  return {
    int,
    chance: (probability) => next() < probability,
    pick: <T>(list: readonly T[]): T => {
      if (list.length === 0) throw new Error("nothing to pick from");
      return list[int(list.length)] as T;
    },
  };
}

/** The step of mulberry32. */
function mix(value: number): number {
  let t = Math.imul(value ^ (value >>> 15), value | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return (t ^ (t >>> 14)) >>> 0;
}
