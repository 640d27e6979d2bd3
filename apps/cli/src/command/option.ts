import type { ValueType } from "./value.ts";

/** An option; the key in a command's `options` is its long name in camel case. */
export interface OptionSpec<T> {
  readonly summary: string;
  readonly short?: string;
  /**
   * Undefined for a flag: it switches on, or, if its default is on, `--no-<name>` switches it off.
   */
  readonly type?: ValueType<unknown>;
  readonly isRepeatable?: true;
  /** The value if the option is not given. */
  readonly absent: T;
  /** That value as help shows it. */
  readonly shownDefault?: string;
}
export type OptionSpecs = Readonly<Record<string, OptionSpec<unknown>>>;
export type OptionValues<O extends OptionSpecs> = {
  readonly [K in keyof O]: O[K] extends OptionSpec<infer T> ? T : never;
};

/** A positional argument, in the order of the keys in a command's `args`. */
export interface ArgumentSpec<T> {
  readonly type: ValueType<T>;
  readonly summary: string;
  readonly isOptional?: true;
}
export type ArgumentSpecs = Readonly<Record<string, ArgumentSpec<unknown>>>;
export type ArgumentValues<A extends ArgumentSpecs> = {
  readonly [K in keyof A]: A[K] extends ArgumentSpec<infer T> ? T : never;
};

/** The words that may follow `--`. */
export interface RestSpec {
  readonly placeholder: string;
  readonly summary: string;
}

interface Short {
  readonly short?: string;
}

export function flag(summary: string, short: Short = {}): OptionSpec<boolean> {
  return { summary, absent: false, ...short };
}

/** On unless `--no-<name>` is given. */
export function toggle(summary: string): OptionSpec<boolean> {
  return { summary, absent: true };
}

export function option<T>(
  type: ValueType<T>,
  summary: string,
  short: Short = {},
): OptionSpec<T | undefined> {
  return { summary, type, absent: undefined, ...short };
}

/** The default is given in its typed form. */
export function optionWithDefault<T>(
  type: ValueType<T>,
  shownDefault: string,
  summary: string,
  short: Short = {},
): OptionSpec<T> {
  return { summary, type, absent: type.read(shownDefault, "default"), shownDefault, ...short };
}

export function repeatable<T>(
  type: ValueType<T>,
  summary: string,
  short: Short = {},
): OptionSpec<readonly T[]> {
  return { summary: `${summary}; may be repeated`, type, absent: [], isRepeatable: true, ...short };
}

export function argument<T>(type: ValueType<T>, summary: string): ArgumentSpec<T> {
  return { type, summary };
}

export function optionalArgument<T>(
  type: ValueType<T>,
  summary: string,
): ArgumentSpec<T | undefined> {
  return { type, summary, isOptional: true };
}

/** The long flag: `waitTimeout` becomes `--wait-timeout`, a toggle `--no-...`. */
export function longFlag(name: string, { absent }: OptionSpec<unknown>): string {
  const words = name.replace(/[A-Z]/g, (upper) => `-${upper.toLowerCase()}`);
  return absent === true ? `--no-${words}` : `--${words}`;
}
