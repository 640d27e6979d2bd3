import { isKey, isServiceName, parseVariant, type Pin } from "@cocktail/route";
import { parseDuration } from "../duration.ts";
import { usageFailure } from "../failure.ts";
import {
  type ArgumentSpec,
  type ArgumentSpecs,
  longFlag,
  type OptionSpec,
  type OptionSpecs,
  type RestSpec,
} from "./option.ts";

/** What the parser found: text only. */
export interface RawInput {
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  /** What followed `--`, or undefined where there was none. */
  readonly rest: readonly string[] | undefined;
}

export function readArguments(
  specs: ArgumentSpecs,
  values: readonly string[],
  path: readonly string[],
): Readonly<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  const entries = Object.entries(specs);
  for (const [index, [name, spec]] of entries.entries()) {
    const text = values[index];
    if (text === undefined && spec.optional !== true) {
      throw usageFailure(`${spec.value} is missing`, `cocktail ${path.join(" ")} --help`);
    }
    found[name] = text === undefined ? undefined : readArgument(spec, text);
  }
  if (values.length > entries.length) {
    const extra = values.slice(entries.length).join(" ");
    throw usageFailure(
      `too many arguments: ${extra}`,
      `quote what belongs together, or put a command after --; see: cocktail ${path.join(" ")} --help`,
    );
  }
  return found;
}

export function readOptions(
  specs: OptionSpecs,
  values: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(specs))
    found[name] = readOption(name, spec, values[name]);
  return found;
}

export function readRest(
  spec: RestSpec | undefined,
  rest: readonly string[] | undefined,
  path: readonly string[],
): readonly string[] {
  if (rest === undefined) return [];
  if (spec === undefined) {
    throw usageFailure(
      `\`${path.join(" ")}\` takes nothing after --`,
      `leave out: -- ${rest.join(" ")}`,
    );
  }
  if (rest.length === 0)
    throw usageFailure(
      `${spec.value} is missing after --`,
      `write ${spec.value} after --, or leave out --`,
    );
  return rest;
}

function readArgument(spec: ArgumentSpec, text: string): unknown {
  if (spec.kind === "text") {
    if (text === "") throw usageFailure(`${spec.value} is empty`, `give ${spec.value}`);
    return text;
  }
  if (spec.kind === "environment") return readEnvironment(spec.value, text);
  const bare = text.replace(/^(?:variant|service)\//, "");
  if (spec.kind === "service") return readService(spec.value, bare);
  if (spec.kind === "target" && isServiceName(bare)) return { service: bare, key: undefined };
  return readVariant(spec.value, bare);
}

function readEnvironment(what: string, text: string): string {
  const bare = text.replace(/^environment\//, "");
  if (isKey(bare)) return bare;
  throw usageFailure(
    `${what}: "${text}" is not the name of an environment`,
    "a lower-case DNS label of at most 40 characters: ops-101",
  );
}

function readKey(what: string, text: string): string {
  if (isKey(text)) return text;
  throw usageFailure(
    `${what}: "${text}" is not a key`,
    "a lower-case DNS label of at most 40 characters: mp-101",
  );
}

function readService(what: string, text: string): string {
  if (isServiceName(text)) return text;
  throw usageFailure(
    `${what}: "${text}" is not the name of a service`,
    "a lower-case DNS name: payment-service; those there are: cocktail status",
  );
}

/** The parts of `service:key`; throws a usage failure that says which part is wrong. */
export function readVariant(what: string, text: string): Pin {
  const variant = parseVariant(text);
  if (variant !== undefined) return variant;
  const [service = "", key = ""] = text.split(":", 2);
  const fix =
    "a service is a lower-case DNS name, a key a DNS label of at most 40 characters: payment-service:mp-101";
  if (!isServiceName(service))
    throw usageFailure(`${what}: "${service}" is not the name of a service`, fix);
  if (!text.includes(":"))
    throw usageFailure(
      `${what}: "${text}" lacks the key`,
      `write ${service}:KEY, such as ${service}:stable`,
    );
  if (!isKey(key)) throw usageFailure(`${what}: "${key}" is not a key`, fix);
  throw usageFailure(`${what}: "${text}" is not of the form service:key`, fix);
}

function readOption(name: string, spec: OptionSpec, value: unknown): unknown {
  if (spec.kind === "flag") return value === true;
  if (spec.kind === "toggle") return value !== false;
  if (spec.kind === "list") return texts(value);
  if (spec.kind === "pairs") return readPairs(name, texts(value));
  const text = texts(value).at(-1);
  return text === undefined ? defaultOf(spec) : readValue(name, spec, text);
}

function defaultOf(spec: OptionSpec): string | number | undefined {
  return "default" in spec ? spec.default : undefined;
}

/** An option that takes one value. */
type ValueSpec = Exclude<OptionSpec, { readonly kind: "flag" | "toggle" | "list" | "pairs" }>;

function readValue(name: string, spec: ValueSpec, text: string): unknown {
  const flag = longFlag(name);
  if (text === "" && !(spec.kind === "text" && spec.mayBeEmpty === true))
    throw usageFailure(`${flag} is empty`, "give it a value, or leave it out");
  switch (spec.kind) {
    case "text":
      return text;
    case "key":
      return readKey(flag, text);
    case "environment":
      return readEnvironment(flag, text);
    case "choice":
      return readChoice(name, spec.choices, text);
    default:
      return readNumber(name, spec, text);
  }
}

function readNumber(
  name: string,
  spec: OptionSpec & { readonly kind: "duration" | "port" | "count" },
  text: string,
): number {
  const flag = longFlag(name);
  if (spec.kind === "duration") {
    const seconds = parseDuration(text);
    if (seconds !== undefined) return seconds;
    throw usageFailure(
      `${flag}: "${text}" is not a duration from 1s to 10 years`,
      "write 90s, 30m, 48h, 1h30m or 7d",
    );
  }
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (spec.kind === "port" && number > 65_535)
    return badNumber(flag, text, "a port from 0 (any) to 65535");
  if (Number.isNaN(number)) {
    return badNumber(
      flag,
      text,
      spec.kind === "port" ? "a port from 0 (any) to 65535" : "a whole number from 0",
    );
  }
  return number;
}

function badNumber(flag: string, text: string, wanted: string): never {
  throw usageFailure(`${flag}: "${text}" is not ${wanted}`, `give ${wanted}`);
}

function readChoice(name: string, choices: readonly string[], text: string): string {
  if (choices.includes(text)) return text;
  throw usageFailure(
    `${longFlag(name)}: "${text}" is not one of ${choices.join(", ")}`,
    `${longFlag(name)} ${choices[0] ?? ""}`,
  );
}

function readPairs(name: string, entries: readonly string[]): Readonly<Record<string, string>> {
  const pairs: [string, string][] = [];
  for (const entry of entries) {
    const equals = entry.indexOf("=");
    if (equals < 1) {
      throw usageFailure(
        `${longFlag(name)}: "${entry}" is not KEY=VALUE`,
        `${longFlag(name)} LOG_LEVEL=debug`,
      );
    }
    pairs.push([entry.slice(0, equals), entry.slice(equals + 1)]);
  }
  return Object.fromEntries(pairs);
}

function texts(value: unknown): readonly string[] {
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  return all.filter((text) => typeof text === "string");
}
