import type { LogLine } from "@cocktail/client";
import { printable, printableJson } from "@cocktail/client/printable";
import { type Command, command } from "../command/command.ts";
import { argument, flag, optionWithDefault, optionalArgument } from "../command/option.ts";
import { count, target, variant } from "../command/value.ts";
import type { Context } from "../command/context.ts";
import { type ExitCode, exitCodes } from "../exit-code.ts";
import { Failure } from "../failure.ts";
import { coloured } from "../output/paint.ts";
import type { Tone } from "../output/view.ts";

const options = {
  follow: flag("keep printing new lines", { short: "-f" }),
  tail: optionWithDefault(count, "100", "number of past lines to print first"),
  time: flag("print when each line was written"),
} as const;

export const logs: Command = command({
  path: ["logs"],
  summary: "Print the output of services, each line with its service:key",
  args: {
    target: optionalArgument(target, "only this service or variant"),
  },
  options,
  formats: ["table", "json"],
  examples: [
    { text: "all of them, as they are written", command: "cocktail logs -f" },
    { text: "all variants of one service", command: "cocktail logs payment-service --tail 20" },
    {
      text: "stderr of one branch as data",
      command: "cocktail logs payment-service:mp-101 -o json | jq 'select(.stream == \"stderr\")'",
    },
  ],
  run: async (context, { args, options }) =>
    await printLogs(context, { service: args.target?.service, key: args.target?.key, ...options }),
  streams: true,
  exitCode: (code) => code,
});

export const branchLogs: Command = command({
  path: ["branch", "logs"],
  summary: "Print the output of one variant",
  args: {
    variant: argument(variant, "the variant"),
  },
  options,
  formats: ["table", "json"],
  examples: [
    { text: "the last lines", command: "cocktail branch logs payment-service:mp-101 --tail 20" },
    { text: "as they are written", command: "cocktail branch logs payment-service:mp-101 -f" },
  ],
  run: async (context, { args, options }) =>
    await printLogs(context, { ...args.variant, ...options }),
  streams: true,
  exitCode: (code) => code,
});

interface LogOptions {
  readonly service: string | undefined;
  readonly key: string | undefined;
  readonly follow: boolean;
  readonly tail: number;
  readonly time: boolean;
}

async function printLogs(context: Context, request: LogOptions): Promise<ExitCode> {
  const { api } = await context.connect();
  const { service, key, follow, tail } = request;
  const lines = api.logs({ service, key, follow, tail }, { signal: context.signal });
  const format =
    context.format === "json" ? formatJson : createFormat(request.time, context.colour);
  try {
    for await (const line of lines) await context.write(format(line));
  } catch (error) {
    // Ctrl-C is the normal end of following.
    const reason: unknown = context.signal.reason;
    if (follow && reason instanceof Failure) return reason.exitCode;
    throw error;
  }
  return exitCodes.done;
}

function formatJson(line: LogLine): string {
  return `${printableJson(line)}\n`;
}

const tones: readonly Tone[] = ["accent", "good", "warn", "strong", "bad"];

/** Each variant keeps its first colour; the prefix is as wide as the longest name so far. */
function createFormat(time: boolean, colour: boolean): (line: LogLine) => string {
  const seen = new Map<string, Tone>();
  let width = 0;
  return ({ time: at, variant, stream, text }) => {
    width = Math.max(width, variant.length);
    const tone = seen.get(variant) ?? tones[seen.size % tones.length] ?? "accent";
    seen.set(variant, tone);
    const prefix = variant.padEnd(width);
    const shown = colour ? coloured({ tone, text: prefix }) : prefix;
    const safe = printable(text, colour);
    const message = stream === "cocktail" && colour ? coloured({ tone: "dim", text: safe }) : safe;
    return `${time ? `${at} ` : ""}${shown} | ${message}\n`;
  };
}
