import { formatRecord } from "@cocktail/client/log-record";
import { pino } from "pino";
import { StartFailure } from "./failure.ts";
import { readSettings } from "./options.ts";
import { run } from "./run.ts";

const read = readSettings(process.argv.slice(2), process.stderr.isTTY);
if (read.ok) {
  const { logFormat, logLevel: level } = read.settings;
  const base = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const write = (line: string): void =>
    void process.stderr.write(logFormat === "json" ? line : formatRecord(line));
  const log = pino(base, { write });
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => {
      // The second one doesn't wait.
      if (stop.signal.aborted) process.exit(130);
      log.info({}, `${signal}: ends what it has begun`);
      stop.abort();
    });
  try {
    await run(read.settings, log, stop.signal);
  } catch (error) {
    if (!(error instanceof StartFailure)) throw error;
    log.error({}, `${error.message}. Fix: ${error.fix}`);
    process.exitCode = error.exitCode;
  }
} else {
  (read.exitCode === 0 ? process.stdout : process.stderr).write(read.text);
  process.exitCode = read.exitCode;
}
