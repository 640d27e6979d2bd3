import { run } from "./run.ts";
import { watchSignals } from "./signals.ts";

const signals = watchSignals(process);
process.exitCode = await run({
  argv: process.argv.slice(2),
  cwd: process.cwd(),
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: signals.signal,
  onSecondInterrupt: signals.onSecondInterrupt,
});
signals.close();
