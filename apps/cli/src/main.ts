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

/** Falls back to PWD in a deleted directory, such as the worktree of a destroyed branch: its cocktail is still found above. */
function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return process.env["PWD"] ?? "/";
  }
}
