/** What an engine finds out and does not store. */
export interface Memory {
  drain: Map<string, "drained" | "budgetOver">;
  removed: Set<string>;
  released: Set<string>;
  probed: Map<string, number>;
  changedAt: Map<string, number>;
  acked: number;
}

export function freshMemory(): Memory {
  return {
    drain: new Map(),
    removed: new Set(),
    released: new Set(),
    probed: new Map(),
    changedAt: new Map(),
    acked: 0,
  };
}
