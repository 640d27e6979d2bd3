import { run } from "./run.ts";
import { watchSignals } from "./signals.ts";

const signals = watchSignals(process);
process.exitCode = await run({
  argv: process.argv.slice(2),
  cwd: workingDirectory(),
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: signals.signal,
  onSecondInterrupt: signals.onSecondInterrupt,
});
signals.close();

/** Also of who stands in a worktree that was deleted with its branch: from its name the cocktail above is still found. */
function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return process.env["PWD"] ?? "/";
  }
}
