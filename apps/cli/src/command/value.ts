import { isIP } from "node:net";
import { isKey, isServiceName, parseVariant, type Pin } from "@cocktail/route";
import { parseDuration } from "../duration.ts";
import { usageFailure } from "../failure.ts";

/** What a shell completes: names from the running cocktail, or paths. */
export type Completes = "service" | "variant" | "environment" | "file" | "directory";

/** How the text of an option or argument becomes a value. */
export interface ValueType<T> {
  /** The value's placeholder in help: `KEY`. */
  readonly placeholder: string;
  /** Throws a usage failure. `label` is the option or argument: `--key`, `SERVICE`. */
  readonly read: (text: string, label: string) => T;
  readonly completes?: Completes;
  readonly choices?: readonly string[];
  /** By default "" is refused: usually it is an unset variable of a script. */
  readonly mayBeEmpty?: true;
}

/** Reads a value; throws a usage failure that names the option or argument. */
export function readValue<T>(type: ValueType<T>, text: string, label: string): T {
  if (text === "" && type.mayBeEmpty !== true)
    throw usageFailure(`${label} is empty`, "give it a value, or omit it");
  return type.read(text, label);
}

export function text(placeholder: string, completes?: Completes): ValueType<string> {
  return { placeholder, read: (given) => given, ...(completes !== undefined && { completes }) };
}

export const file = (placeholder: string): ValueType<string> => text(placeholder, "file");

export function choice<const C extends string>(
  choices: readonly C[],
  placeholder: string = choices.join("|"),
): ValueType<C> {
  const read = (given: string, label: string): C =>
    choices.find((each) => each === given) ??
    refuse(label, given, `one of ${choices.join(", ")}`, `${label} ${choices[0] ?? ""}`);
  return { placeholder, choices, read };
}

/** Seconds, written as `90s`, `48h`, `1h30m`, `7d`. */
export const duration: ValueType<number> = {
  placeholder: "T",
  read: (given, label) =>
    parseDuration(given) ??
    refuse(label, given, "a duration from 1s to 10 years", "write 90s, 30m, 48h, 1h30m or 7d"),
};

export const port = wholeNumber("PORT", 65_535, "a port from 0 (any) to 65535");
/** A whole number from 0. */
export const count = wholeNumber("N", 999_999_999, "a whole number from 0");

function wholeNumber(placeholder: string, max: number, what: string): ValueType<number> {
  const read = (given: string, label: string): number =>
    /^\d{1,9}$/.test(given) && Number(given) <= max
      ? Number(given)
      : refuse(label, given, what, `give ${what}`);
  return { placeholder, read };
}

/** An address of this machine to listen on. */
export const listenAddress: ValueType<string> = {
  placeholder: "ADDRESS",
  read: (given, label) =>
    isIP(given) !== 0 && !given.includes("%")
      ? given
      : refuse(label, given, "an IP address", `${label} 192.168.1.5, or ${label} 0.0.0.0 for all`),
};

/** A name below which others are, so no address. */
export const domain: ValueType<string> = {
  placeholder: "NAME",
  read: (given, label) => {
    const lower = given.toLowerCase();
    if (isIP(given) !== 0)
      throw usageFailure(
        `${label}: there are no names below the address ${given}`,
        `${label} ${isIP(given) === 4 ? given : "192.168.1.5"}.nip.io, or a domain of your DNS`,
      );
    return isServiceName(lower)
      ? lower
      : refuse(label, given, "a domain", `${label} 192.168.1.5.nip.io`);
  },
};

/** `KEY=VALUE`. */
export const pair: ValueType<readonly [name: string, value: string]> = {
  placeholder: "K=V",
  read: (given, label) => {
    const equals = given.indexOf("=");
    if (equals < 1)
      throw usageFailure(`${label}: "${given}" is not KEY=VALUE`, `${label} LOG_LEVEL=debug`);
    return [given.slice(0, equals), given.slice(equals + 1)];
  },
};

export const key: ValueType<string> = {
  placeholder: "KEY",
  read: (given, label) =>
    isKey(given)
      ? given
      : refuse(label, given, "a key", "a lower-case DNS label of at most 40 characters: mp-101"),
};

// A name may carry the prefix that `-o name` prints: `service/`, `variant/`, `environment/`.

export function environmentName(placeholder: string): ValueType<string> {
  const fix = "a lower-case DNS label of at most 40 characters: ops-101";
  const read = (given: string, label: string): string => {
    const bare = given.replace(/^environment\//, "");
    return isKey(bare) ? bare : refuse(label, given, "the name of an environment", fix);
  };
  return { placeholder, read, completes: "environment" };
}

export const service: ValueType<string> = {
  placeholder: "SERVICE",
  completes: "service",
  read: (given, label) => {
    const bare = withoutPrefix(given);
    const fix = "a lower-case DNS name: payment-service; list them with: cocktail status";
    return isServiceName(bare) ? bare : refuse(label, bare, "the name of a service", fix);
  },
};

export const variant: ValueType<Pin> = {
  placeholder: "SERVICE:KEY",
  completes: "variant",
  read: (given, label) => readVariant(withoutPrefix(given), label),
};

/** `SERVICE` or `SERVICE:KEY`. */
export const target: ValueType<{ readonly service: string; readonly key?: string }> = {
  placeholder: "SERVICE[:KEY]",
  completes: "variant",
  read: (given, label) => {
    const bare = withoutPrefix(given);
    return isServiceName(bare) ? { service: bare } : readVariant(bare, label);
  },
};

function withoutPrefix(given: string): string {
  return given.replace(/^(?:variant|service)\//, "");
}

/** The failure names the invalid part. */
function readVariant(given: string, label: string): Pin {
  const found = parseVariant(given);
  if (found !== undefined) return found;
  const [serviceName = "", keyName = ""] = given.split(":", 2);
  const fix =
    "a service is a lower-case DNS name, a key a DNS label of at most 40 characters: payment-service:mp-101";
  if (!isServiceName(serviceName)) refuse(label, serviceName, "the name of a service", fix);
  if (!given.includes(":"))
    throw usageFailure(
      `${label}: "${given}" has no key`,
      `write ${serviceName}:KEY, such as ${serviceName}:stable`,
    );
  if (!isKey(keyName)) refuse(label, keyName, "a key", fix);
  return refuse(label, given, "of the form service:key", fix);
}

/** Throws the usage failure for an invalid value. */
function refuse(label: string, given: string, wanted: string, fix: string): never {
  throw usageFailure(`${label}: "${given}" is not ${wanted}`, fix);
}

export const httpUrl: ValueType<string> = {
  placeholder: "URL",
  read: (given, label) =>
    /^https?:$/.test(URL.parse(given)?.protocol ?? "")
      ? given
      : refuse(label, given, "an http or https URL", `${label} http://127.0.0.1:3000`),
};

/** `Name: value`. */
export const header: ValueType<readonly [name: string, value: string]> = {
  placeholder: "NAME:VALUE",
  read: (given, label) => {
    const [, name, value] =
      /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/.exec(given) ?? [];
    return name === undefined || value === undefined
      ? refuse(label, given, "NAME:VALUE", "--header 'accept-language: de'")
      : [name.toLowerCase(), value];
  },
};

/** Kept unchanged: methods are case-sensitive. */
export const method: ValueType<string> = {
  placeholder: "METHOD",
  read: (given, label) =>
    /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(given)
      ? given
      : refuse(label, given, "an HTTP method", "--method POST"),
};
