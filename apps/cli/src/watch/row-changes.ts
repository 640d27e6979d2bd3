/** The change of a row since it was last printed. */
export type RowChange =
  | { readonly change: "put"; readonly index: number }
  | { readonly change: "removed"; readonly name: string };

/** Compares each list of rows with the previous one. */
export class RowChanges {
  #previous: ReadonlyMap<string, string> = new Map();

  /** `rows`: names and displayed texts. Returns the changed rows in order, then the removed ones. */
  next(rows: readonly (readonly [name: string, shown: string])[]): readonly RowChange[] {
    const now = new Map(rows);
    const puts = rows.flatMap(([name, shown], index): readonly RowChange[] =>
      this.#previous.get(name) === shown ? [] : [{ change: "put", index }],
    );
    const gone = [...this.#previous.keys()].filter((name) => !now.has(name));
    this.#previous = now;
    return [...puts, ...gone.map((name) => ({ change: "removed", name }) as const)];
  }
}
