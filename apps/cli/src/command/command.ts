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
  /** The words after `--`; empty without it. */
  readonly rest: readonly string[];
}

/** A command as data: the source of parsing, help, completion and the reference page. */
export interface CommandSpec<A extends ArgumentSpecs, O extends OptionSpecs, R> {
  /** `["branch", "deploy"]`. */
  readonly path: readonly [string, ...string[]];
  /** The words before its arguments; default: `cocktail` and the path. */
  readonly invokedAs?: string;
  readonly summary: string;
  /** Further sentences for the help, one paragraph each. */
  readonly details?: readonly string[];
  readonly args?: A;
  readonly options?: O;
  readonly rest?: RestSpec;
  readonly examples: readonly [Example, Example, ...Example[]];
  /** Whether it connects to a running cocktail, and so takes `--file`; also `-f`, unless another option has that letter. */
  readonly target?: "cocktail" | "none";
  /** The formats that the result supports; default: all. */
  readonly formats?: readonly OutputFormat[];
  /** Omitted from help and reference. */
  readonly hidden?: boolean;
  /** It writes its own output: the result of `run` only gives the exit code, and is not printed. */
  readonly streams?: boolean;
  /** Replaces `run` if the input asks to follow changes: writes its own output and returns the exit code. */
  follow?(context: Context, input: Input<A, O>): Promise<ExitCode> | undefined;
  run(context: Context, input: Input<A, O>): Promise<R>;
  /** The result for people. */
  view?(result: R, context: Context): View;
  /** The result under `-o name`. */
  names?(result: R): readonly string[];
  /** The failure that is reported after the result is printed. */
  failure?(result: R): Failure | undefined;
  /** Used without a failure; default 0. Of a command that runs another one it is that one's, and so any. */
  exitCode?(result: R): number;
}

/** The parsed values, with the types that the specs describe. */
export interface CommandInput {
  readonly args: Readonly<Record<string, unknown>>;
  readonly options: Readonly<Record<string, unknown>>;
  /** The words after `--`; empty without it. */
  readonly rest: readonly string[];
}

/** The result of a command, as input of the renderers. */
export interface Outcome {
  readonly data: unknown;
  readonly view: View;
  readonly names: readonly string[];
  readonly failure: Failure | undefined;
  readonly exitCode: number;
}

/** A command whose type parameters are erased. */
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

/** Erases the type parameters of a definition and adds the shared options. */
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
      // The parser returns exactly the types that the specs describe.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const input = parsed as unknown as Input<A, O>;
      const followed = spec.follow?.(context, input);
      return followed === undefined
        ? outcomeOf(spec, context, await spec.run(context, input))
        : outcomeOfStream(await followed);
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

function outcomeOfStream(exitCode: ExitCode): Outcome {
  return { data: undefined, view: [], names: [], failure: undefined, exitCode };
}

/** Options of every command; listed last in help. */
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
        "the cocktail.yaml of the cocktail to use (default: the nearest from the working directory upward)",
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
