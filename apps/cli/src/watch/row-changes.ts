/** What became of a row since it was last printed. */
export type RowChange =
  | { readonly change: "put"; readonly index: number }
  | { readonly change: "removed"; readonly name: string };

/** Tells which rows of a list changed since the last one. */
export class RowChanges {
  #known: ReadonlyMap<string, string> = new Map();

  /** `rows`: names, and what each shows. Changes come in their order, and behind them what is gone. */
  next(rows: readonly (readonly [name: string, shown: string])[]): readonly RowChange[] {
    const now = new Map(rows);
    const puts = rows.flatMap(([name, shown], index): readonly RowChange[] =>
      this.#known.get(name) === shown ? [] : [{ change: "put", index }],
    );
    const gone = [...this.#known.keys()].filter((name) => !now.has(name));
    this.#known = now;
    return [...puts, ...gone.map((name) => ({ change: "removed", name }) as const)];
  }
}
