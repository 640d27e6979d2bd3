import { type Chunk, runChunk } from "./chunk.ts";
import { describeStep, scheduleOf } from "./schedule.ts";

export interface Options {
  readonly seed: number;
  /** The number of the first schedule. */
  readonly from: number;
  readonly schedules: number;
  /** Cocktails that run at a time. */
  readonly lanes: number;
  /** It ends after so many failures: where many fail, more say nothing new. */
  readonly maxFailures: number;
  readonly onLine: (line: string) => void;
}

/** One cocktail runs this many. */
const chunkSize = 20;

/** Runs the schedules, and returns each failure as a text that says how to see it again. */
export async function runSchedules({
  from,
  lanes,
  maxFailures,
  onLine,
  schedules,
  seed,
}: Options): Promise<readonly string[]> {
  const waiting: Chunk[] = [];
  const add = (first: number, count: number): void => {
    if (count > 0) waiting.push({ seed, from: first, count });
  };
  for (let first = from; first < from + schedules; first += chunkSize)
    add(first, Math.min(chunkSize, from + schedules - first));
  const failures: string[] = [];
  let passed = 0;
  const began = performance.now();
  const work = async (): Promise<void> => {
    for (
      let chunk = waiting.shift();
      chunk !== undefined && failures.length < maxFailures;
      chunk = waiting.shift()
    ) {
      const result = await runChunk(chunk, () => {
        passed++;
        if (passed % 10 === 0)
          onLine(`${passed} schedules in ${Math.round((performance.now() - began) / 1000)} s`);
      });
      if (result.failure === undefined) continue;
      const text = describeFailure(chunk, result.failure.number, result.failure.text);
      failures.push(text);
      onLine(text);
      // The rest of the chunk, in a cocktail of its own.
      const next = result.failure.number + 1;
      add(next, chunk.from + chunk.count - next);
    }
  };
  await Promise.all(Array.from({ length: lanes }, work));
  return failures;
}

function describeFailure({ from, seed }: Chunk, number: number, text: string): string {
  const { steps } = scheduleOf(seed, number);
  return [
    `schedule ${number} of seed ${seed} failed. Its steps:`,
    ...steps.map((step, index) => `  ${index + 1}. ${describeStep(step)}`),
    "what happened:",
    text,
    `alone:           npm run crash -- --seed ${seed} --from ${number} --schedules 1`,
    `with those before it: npm run crash -- --seed ${seed} --from ${from} --schedules ${number - from + 1} --lanes 1`,
  ].join("\n");
}
