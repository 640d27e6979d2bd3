import { connect } from "./cocktail/connect.ts";
import type { Catalog } from "./command/catalog.ts";
import type { Context, Invoked } from "./command/context.ts";
import { isOutputFormat, type OutputFormat } from "./command/output-format.ts";
import { parseCommandLine } from "./command/parse.ts";
import { catalog } from "./commands/index.ts";
import { toFailure } from "./error-mapping.ts";
import { type ExitCode, exitCodes } from "./exit-code.ts";
import { Failure } from "./failure.ts";
import { memoryStream, type Output, type OutputStream, openOutput } from "./output/output.ts";
import { wantsColour } from "./output/paint.ts";
import { createProgress, silentProgress } from "./output/progress.ts";
import { renderFailure, renderOutcome } from "./output/render.ts";

/** The interface to the process; tests pass their own. */
export interface ProcessPorts {
  /** Without the program's name. */
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly signal: AbortSignal;
  readonly onSecondInterrupt: (listener: () => void) => void;
}

/** Runs one command line and returns the exit code. Prints; never throws and never exits. */
export async function run(ports: ProcessPorts, known: Catalog = catalog): Promise<number> {
  let style = guessStyle(ports.argv);
  const fail = (failure: Failure, format: OutputFormat): ExitCode => {
    const colour = wantsColour(style.colour, ports.env, ports.stderr.isTTY === true);
    ports.stderr.write(renderFailure(failure, format, colour));
    return failure.exitCode;
  };
  // A closed stderr must neither abort the command nor change the exit code.
  ports.stderr.on("error", () => {});
  const output = openOutput(ports.stdout);
  try {
    const parsed = parseCommandLine(known, ports.argv);
    if (parsed.kind === "invalid") return fail(parsed.failure, style.format);
    if (parsed.kind === "help") {
      await writeResult(output, parsed.text);
      return exitCodes.done;
    }
    const { command, input } = parsed;
    style = styleOf(input.options);
    const context = openContext(ports, input.options, output.write);
    const outcome = await command.execute(context, input);
    const colour = wantsColour(style.colour, ports.env, ports.stdout.isTTY === true);
    await writeResult(output, await renderOutcome(outcome, style.format, colour));
    return outcome.failure === undefined ? outcome.exitCode : fail(outcome.failure, style.format);
  } catch (error) {
    if (output.closed) return exitCodes.done;
    return fail(await toFailure(causeOf(error, ports.signal)), style.format);
  }
}

/** A closed stdout does not change the outcome: its failure and exit code are still reported. */
async function writeResult(output: Output, text: string): Promise<void> {
  try {
    await output.write(text);
  } catch (error) {
    if (!output.closed) throw error;
  }
}

/** After a signal any error can follow; the signal is the cause to report. */
function causeOf(error: unknown, signal: AbortSignal): unknown {
  return signal.aborted && !(error instanceof Failure) ? signal.reason : error;
}

function openContext(
  ports: ProcessPorts,
  options: Readonly<Record<string, unknown>>,
  write: Context["write"],
): Context {
  const { format, colour } = styleOf(options);
  const isTerminal =
    ports.stderr.isTTY === true && ports.env["TERM"] !== "dumb" && (ports.env["CI"] ?? "") === "";
  const now = Date.now;
  const file = textOf(options["file"]);
  return {
    cwd: ports.cwd,
    env: ports.env,
    format,
    colour: wantsColour(colour, ports.env, ports.stdout.isTTY === true),
    now,
    signal: ports.signal,
    onSecondInterrupt: ports.onSecondInterrupt,
    progress:
      format === "json"
        ? silentProgress
        : createProgress({
            write: (text) => void ports.stderr.write(text),
            isTerminal,
            columns: () => ports.stderr.columns,
            colour: wantsColour(colour, ports.env, ports.stderr.isTTY === true),
            now,
          }),
    write,
    invoke: (argv, where) => invoke({ ...ports, ...where, argv }),
    connect: () => connect({ file, cwd: ports.cwd, env: ports.env }),
    file,
  };
}

async function invoke(ports: ProcessPorts): Promise<Invoked> {
  const [stdout, stderr] = [memoryStream(), memoryStream()];
  const code = await run({ ...ports, stdout: stdout.stream, stderr: stderr.stream });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

interface Style {
  readonly format: OutputFormat;
  readonly colour: string;
}

function styleOf(options: Readonly<Record<string, unknown>>): Style {
  const format = textOf(options["output"]) ?? "table";
  return {
    format: isOutputFormat(format) ? format : "table",
    colour: textOf(options["color"]) ?? "auto",
  };
}

/** The format also applies to usage errors, so it is read before the command line is parsed. */
function guessStyle(argv: readonly string[]): Style {
  const end = argv.indexOf("--");
  const own = end < 0 ? argv : argv.slice(0, end);
  const after = (...flags: readonly string[]): string | undefined =>
    own
      .flatMap((word, at) => flags.map((flag) => valueAfter(flag, word, own[at + 1])))
      .findLast((value) => value !== undefined);
  return styleOf({ output: after("-o", "--output"), color: after("--color") });
}

/** `--output json`, `--output=json`, `-ojson`. */
function valueAfter(flag: string, word: string, next: string | undefined): string | undefined {
  if (word === flag) return next;
  const joined = flag.startsWith("--") ? `${flag}=` : flag;
  return word.startsWith(joined) ? word.slice(joined.length).replace(/^=/, "") : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
