import type { Pin } from "@cocktail/route";

/** Names that a shell can complete, asked from the running cocktail. */
export type Completes = "service" | "variant" | "environment" | "file" | "directory";

interface Common {
  readonly summary: string;
  readonly short?: string;
  readonly completes?: Completes;
}
/** How an option is written and what its value becomes. The key in `options` is its long name in camel case. */
export type OptionSpec = Common &
  (
    | { readonly kind: "flag" }
    /** On unless `--no-<name>` is given. */
    | { readonly kind: "toggle" }
    /** `mayBeEmpty`: otherwise "" is a fault, since most often it is a variable of a script that nobody set. */
    | {
        readonly kind: "text";
        readonly value: string;
        readonly default?: string;
        readonly mayBeEmpty?: true;
      }
    /** A key, or an environment's name: the same grammar, another word in messages. */
    | { readonly kind: "key" | "environment"; readonly value: string }
    | { readonly kind: "choice"; readonly choices: readonly string[]; readonly default?: string }
    /** May be repeated. */
    | { readonly kind: "list"; readonly value: string }
    /** `KEY=VALUE`, may be repeated. */
    | { readonly kind: "pairs"; readonly value: string }
    /** Seconds, written as `90s`, `48h`, `1h30m`, `7d`. */
    | { readonly kind: "duration"; readonly default?: number }
    | { readonly kind: "port"; readonly default?: number }
    /** A whole number from 0. */
    | { readonly kind: "count"; readonly default?: number }
  );
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** A positional name, in the order of the keys in `args`. */
export interface ArgumentSpec {
  /** A name may carry the prefix that `-o name` prints: `service/`, `variant/`, `environment/`. */
  readonly kind: "text" | "service" | "environment" | "variant" | "target";
  readonly value: string;
  readonly summary: string;
  readonly optional?: boolean;
  readonly completes?: Completes;
}
export type ArgumentSpecs = Readonly<Record<string, ArgumentSpec>>;

/** What may follow `--`. */
export interface RestSpec {
  readonly value: string;
  readonly summary: string;
}

/** `SERVICE` or `SERVICE:KEY`. */
export interface Target {
  readonly service: string;
  readonly key: string | undefined;
}

type OrAbsent<S, V> = S extends { readonly default: string | number } ? V : V | undefined;
export type OptionValue<S extends OptionSpec> = S extends { readonly kind: "flag" | "toggle" }
  ? boolean
  : S extends { readonly kind: "list" }
    ? readonly string[]
    : S extends { readonly kind: "pairs" }
      ? Readonly<Record<string, string>>
      : S extends { readonly kind: "duration" | "port" | "count" }
        ? OrAbsent<S, number>
        : OrAbsent<S, string>;

type ArgumentParsed<S extends ArgumentSpec> = S extends { readonly kind: "variant" }
  ? Pin
  : S extends { readonly kind: "target" }
    ? Target
    : string;
export type ArgumentValue<S extends ArgumentSpec> = S extends { readonly optional: true }
  ? ArgumentParsed<S> | undefined
  : ArgumentParsed<S>;

export type OptionValues<O extends OptionSpecs> = { readonly [K in keyof O]: OptionValue<O[K]> };
export type ArgumentValues<A extends ArgumentSpecs> = {
  readonly [K in keyof A]: ArgumentValue<A[K]>;
};

/** `waitTimeout` -> `--wait-timeout`. */
export function longFlag(name: string): string {
  return `--${name.replace(/[A-Z]/g, (upper) => `-${upper.toLowerCase()}`)}`;
}

/** The long flag as it is typed: a toggle can only be switched off. */
export function writtenFlag(name: string, spec: OptionSpec): string {
  return spec.kind === "toggle" ? longFlag(name).replace("--", "--no-") : longFlag(name);
}

/** The placeholder of an option's value, or undefined where it takes none. */
export function valueName(spec: OptionSpec): string | undefined {
  if (spec.kind === "flag" || spec.kind === "toggle") return undefined;
  if (spec.kind === "choice") return spec.choices.length > 3 ? "FORMAT" : spec.choices.join("|");
  if (spec.kind === "duration") return "T";
  if (spec.kind === "port") return "PORT";
  if (spec.kind === "count") return "N";
  return spec.value;
}
