// `npm run crash -- [--schedules N] [--seed S] [--from K] [--lanes L] [--failures F]`: schedules of commands and kills against a real cocktail.
import { parseArgs } from "node:util";
import { numberOption } from "../support/number-option.ts";
import { endLanes } from "./lane.ts";
import { runSchedules } from "./run.ts";

const { values } = parseArgs({
  options: {
    schedules: { type: "string", default: "200" },
    seed: { type: "string" },
    from: { type: "string", default: "0" },
    lanes: { type: "string", default: "3" },
    failures: { type: "string", default: "5" },
  },
});
const seed = numberOption("seed", values.seed ?? String(Date.now() % 1_000_000_000), 0);
const schedules = numberOption("schedules", values.schedules, 1);
let ending: Promise<void> | undefined;
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  process.once(signal, () => {
    ending = endLanes().finally(() => process.exit(code));
  });
}
console.log(`${schedules} schedules of seed ${seed}`);
const failures = await runSchedules({
  seed,
  schedules,
  from: numberOption("from", values.from, 0),
  lanes: numberOption("lanes", values.lanes, 1),
  maxFailures: numberOption("failures", values.failures, 1),
  // What fails because it is ended is no failure.
  onLine: (line) => {
    if (ending === undefined) console.log(line);
  },
}).catch(async (error: unknown) => {
  await ending;
  throw error;
});
await ending;
console.log(failures.length === 0 ? `${schedules} schedules passed` : `${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;
