import { watchSignals } from "../src/signals.ts";
import { run } from "../src/run.ts";
import { demo } from "./command.ts";

// `npm run demo`: a command that exists only in a clone.
const signals = watchSignals(process);
process.exitCode = await run(
  {
    argv: ["demo", ...process.argv.slice(2)],
    cwd: process.cwd(),
    env: process.env,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: signals.signal,
    onSecondInterrupt: signals.onSecondInterrupt,
  },
  { commands: [demo], groups: {} },
);
signals.close();
