import { type ExitCode, exitCodes } from "../exit-code.ts";
import type { Failure } from "../failure.ts";
import type { View } from "../output/view.ts";
import type { Context } from "./context.ts";
import { type OutputFormat, outputFormats } from "./output-format.ts";
import {
  type ArgumentSpecs,
  type ArgumentValues,
  option,
  type OptionSpecs,
  type OptionValues,
  optionWithDefault,
  type RestSpec,
} from "./option.ts";
import { choice, file } from "./value.ts";

export interface Example {
  readonly text: string;
  readonly command: string;
}

export interface Input<A extends ArgumentSpecs, O extends OptionSpecs> {
  readonly args: ArgumentValues<A>;
  readonly options: OptionValues<O>;
  /** What followed `--`; empty without it. */
  readonly rest: readonly string[];
}

/** A command as data: parsing, help, completion and the reference page are made of it. */
export interface CommandSpec<A extends ArgumentSpecs, O extends OptionSpecs, R> {
  /** `["branch", "deploy"]`. */
  readonly path: readonly [string, ...string[]];
  /** What is typed before its arguments; default `cocktail` and the path. */
  readonly invokedAs?: string;
  readonly summary: string;
  /** Further sentences for the help, one paragraph each. */
  readonly details?: readonly string[];
  readonly args?: A;
  readonly options?: O;
  readonly rest?: RestSpec;
  readonly examples: readonly [Example, Example, ...Example[]];
  /** Whether it speaks to a running cocktail, and so takes `--file`; `-f` too, where nothing else wants that letter. */
  readonly target?: "cocktail" | "none";
  /** Those that make sense for the result; default: all. */
  readonly formats?: readonly OutputFormat[];
  /** Left out of help and reference. */
  readonly hidden?: boolean;
  /** It writes as it goes: what `run` gives only says how it ended, and is not printed. */
  readonly streams?: boolean;
  /** Instead of `run`, where the input asks to go on: writes as it goes, and gives how it ended. */
  follow?(context: Context, input: Input<A, O>): Promise<ExitCode> | undefined;
  run(context: Context, input: Input<A, O>): Promise<R>;
  /** The result as a person reads it. */
  view?(result: R, context: Context): View;
  /** The result under `-o name`. */
  names?(result: R): readonly string[];
  /** What went wrong although there is a result to print. */
  failure?(result: R): Failure | undefined;
  /** Where there is no failure; default 0. */
  exitCode?(result: R): ExitCode;
}

/** What the parser found: values as the specs describe them. */
export interface CommandInput {
  readonly args: Readonly<Record<string, unknown>>;
  readonly options: Readonly<Record<string, unknown>>;
  /** What followed `--`; empty without it. */
  readonly rest: readonly string[];
}

/** What a finished command hands to the renderers. */
export interface Outcome {
  readonly data: unknown;
  readonly view: View;
  readonly names: readonly string[];
  readonly failure: Failure | undefined;
  readonly exitCode: ExitCode;
}

/** A command with its types closed over. */
export interface Command {
  readonly path: readonly [string, ...string[]];
  readonly invokedAs: string;
  readonly summary: string;
  readonly details: readonly string[];
  readonly args: ArgumentSpecs;
  readonly options: OptionSpecs;
  readonly rest: RestSpec | undefined;
  readonly examples: readonly Example[];
  readonly formats: readonly OutputFormat[];
  readonly hidden: boolean;
  execute(context: Context, input: CommandInput): Promise<Outcome>;
}

/** Closes a definition. */
export function command<const A extends ArgumentSpecs, const O extends OptionSpecs, R>(
  spec: CommandSpec<A, O, R>,
): Command {
  const options = { ...spec.options, ...sharedOptions(spec) };
  return {
    path: spec.path,
    invokedAs: spec.invokedAs ?? ["cocktail", ...spec.path].join(" "),
    summary: spec.summary,
    details: spec.details ?? [],
    args: spec.args ?? {},
    options,
    rest: spec.rest,
    examples: spec.examples,
    formats: spec.formats ?? outputFormats,
    hidden: spec.hidden ?? false,
    execute: async (context, parsed) => {
      // The parsed boundary: the parser gives exactly what the specs describe.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const input = parsed as unknown as Input<A, O>;
      const following = spec.follow?.(context, input);
      return following === undefined
        ? outcomeOf(spec, context, await spec.run(context, input))
        : endOf(await following);
    },
  };
}

function outcomeOf<A extends ArgumentSpecs, O extends OptionSpecs, R>(
  spec: CommandSpec<A, O, R>,
  context: Context,
  result: R,
): Outcome {
  return {
    data: spec.streams === true ? undefined : result,
    view: spec.view?.(result, context) ?? [],
    names: spec.names?.(result) ?? [],
    failure: spec.failure?.(result),
    exitCode: spec.exitCode?.(result) ?? exitCodes.done,
  };
}

function endOf(exitCode: ExitCode): Outcome {
  return { data: undefined, view: [], names: [], failure: undefined, exitCode };
}

/** Listed last in help. */
function sharedOptions<A extends ArgumentSpecs, O extends OptionSpecs, R>(
  spec: CommandSpec<A, O, R>,
): OptionSpecs {
  const shorts = Object.values(spec.options ?? {}).map(({ short }) => short);
  const [format = "table", ...others] = spec.formats ?? outputFormats;
  const formats = [format, ...others];
  return {
    ...((spec.target ?? "cocktail") === "cocktail" && {
      file: option(
        file("FILE"),
        "the cocktail.yaml of the cocktail to speak to (default: found from the working directory upward)",
        shorts.includes("-f") ? {} : { short: "-f" },
      ),
    }),
    ...(others.length > 0 && {
      output: optionWithDefault(choice(formats, "FORMAT"), format, formats.join(", "), {
        short: "-o",
      }),
    }),
    color: optionWithDefault(
      choice(["auto", "always", "never"]),
      "auto",
      "colour; NO_COLOR is honoured",
    ),
  };
}
