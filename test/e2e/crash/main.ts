// `npm run crash -- [--schedules N] [--seed S] [--from K] [--lanes L]`: schedules of commands and kills against a real cocktail.
import { parseArgs } from "node:util";
import { runSchedules } from "./run.ts";

const { values } = parseArgs({
  options: {
    schedules: { type: "string", default: "200" },
    seed: { type: "string" },
    from: { type: "string", default: "0" },
    lanes: { type: "string", default: "3" },
  },
});
const seed = Number(values.seed ?? Date.now() % 1_000_000_000);
const schedules = Number(values.schedules);
console.log(`${schedules} schedules of seed ${seed}`);
const failures = await runSchedules({
  seed,
  schedules,
  from: Number(values.from),
  lanes: Number(values.lanes),
  onLine: (line) => console.log(line),
});
console.log(failures.length === 0 ? `${schedules} schedules passed` : `${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;
