import type { Cluster } from "@cocktail/testbed";

/** What a benchmark of the mesh is given. It prints its tables, and returns whether its goals were reached. */
export interface MeshBench {
  readonly cluster: Cluster;
  readonly rounds: number;
  readonly seconds: number;
}

export interface Goal {
  readonly what: string;
  readonly value: number;
  readonly most: number;
  readonly unit?: string;
}

/** Prints the goals. True if all are reached. */
export function printGoals(goals: readonly Goal[]): boolean {
  console.log("\n| goal | measured | at most | |\n|---|---|---|---|");
  for (const { what, value, most, unit = "" } of goals)
    console.log(
      `| ${what} | ${value.toFixed(2)}${unit} | ${most}${unit} | ${value <= most ? "reached" : "missed"} |`,
    );
  console.log("");
  return goals.every(({ value, most }) => value <= most);
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
