import { resolve, type RouteTable } from "@cocktail/route";
import { readAnswer } from "./pair-answer.ts";
import { brief, routeOf, type Sample } from "./traffic.ts";

/** The tables that the samples' hops name. */
export async function tablesOf(
  samples: readonly Sample[],
  at: (epoch: number) => Promise<RouteTable>,
): Promise<ReadonlyMap<number, RouteTable>> {
  const epochs = new Set(samples.flatMap((sample) => sample.hops.map((hop) => hop.epoch ?? -1)));
  return new Map(
    await Promise.all([...epochs].map(async (epoch) => [epoch, await at(epoch)] as const)),
  );
}

/** Says which hops were not what `resolve` gives in the table they name, or name a table older than one already seen. */
export function misrouted(
  sample: Sample,
  tables: ReadonlyMap<number, RouteTable>,
): readonly string[] {
  const wrong: string[] = [];
  const answered = readAnswer(sample.body);
  const bodies: Record<string, string> = { front: answered.variant, back: answered.back.variant };
  if (sample.hops.length !== 2) wrong.push(`${sample.hops.length} hops: ${brief(sample)}`);
  for (const hop of sample.hops) {
    const table = tables.get(hop.epoch ?? -1);
    const expected = table && resolve(table, routeOf(sample.shot), { service: hop.service }).key;
    const isRight =
      expected !== undefined && hop.variant === expected && bodies[hop.service] === expected;
    if (!isRight || (hop.epoch ?? -1) < sample.floor) {
      wrong.push(
        `${hop.service}: expected ${expected}, ${JSON.stringify(hop)}, floor ${sample.floor}, ${brief(sample)}`,
      );
    }
  }
  return wrong;
}
