import { createHash } from "node:crypto";
import { dirname, normalize, resolve } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import type { Config, Fault, ServiceConfig } from "./config.ts";
import { type Locate, locator } from "./locate.ts";
import {
  documentKeys,
  documentSchema,
  type ServiceEntry,
  serviceKeys,
  serviceSchema,
  splitMessage,
  variableFault,
} from "./schema.ts";
import { urlVariable } from "../supervisor/child-environment.ts";
import { referencesIn } from "../supervisor/interpolation.ts";
import { suggest } from "./suggest.ts";
import { syntaxFaults, toData } from "./syntax.ts";

export type Parsed =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly faults: readonly Fault[] };

const maxLength = 1024 * 1024;

/** Why a path is not a usable directory; undefined where it is one. */
export type LookAtDirectory = (path: string) => string | undefined;

/**
 * Reads a cocktail.yaml, `file` being its absolute path: all faults at once, or the compiled config. Pure, except for `look`,
 * which checks the directories that the file names.
 */
export function parseConfig(
  text: string,
  file: string,
  look: LookAtDirectory = () => undefined,
): Parsed {
  if (text.length > maxLength) {
    const message = "is longer than 1 MiB";
    return { ok: false, faults: [{ line: 1, column: 1, path: "", message, fix: "shorten it" }] };
  }
  const lines = new LineCounter();
  const options = {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    logLevel: "error",
  } as const;
  const document = parseDocument(text, options);
  const syntax = syntaxFaults(document, lines);
  // With a duplicate key the rest can still be read, and its faults reported too.
  if (document.errors.some(({ code }) => code !== "DUPLICATE_KEY"))
    return { ok: false, faults: syntax };
  const where = locator(document, lines);
  const data = toData(document, lines);
  if (data.kind === "faults") return { ok: false, faults: [...syntax, ...data.faults] };
  const check = checkDocument(data.value, where, (path) => look(resolve(dirname(file), path)));
  const faults = [...syntax, ...check.faults];
  if (faults.length > 0 || check.document === undefined) {
    return { ok: false, faults: faults.toSorted(byPlace) };
  }
  return { ok: true, config: compile(check.document, check.services, file) };
}

function byPlace(one: Fault, other: Fault): number {
  return one.line - other.line || one.column - other.column;
}

interface Checked {
  readonly document: z.infer<typeof documentSchema> | undefined;
  readonly services: readonly ServiceEntry[];
  readonly faults: readonly Fault[];
}

function checkDocument(data: unknown, where: Locate, look: LookAtDirectory): Checked {
  const outcome = documentSchema.safeParse(data);
  const faults = outcome.success ? [] : zodFaults(outcome.error, [], where);
  const services: ServiceEntry[] = [];
  const entries = listOf(data);
  entries.forEach((entry, index) => {
    const path = ["services", index];
    const parsed = serviceSchema.safeParse(entry);
    if (parsed.success) services.push(parsed.data);
    else faults.push(...zodFaults(parsed.error, path, where));
    faults.push(...entryFaults(entry, path, where, look));
  });
  faults.push(...duplicateNames(entries, where), ...referenceFaults(entries, where));
  return { document: outcome.success ? outcome.data : undefined, services, faults };
}

function listOf(data: unknown): readonly unknown[] {
  const services = member(data, "services");
  return Array.isArray(services) ? services.slice(0, 500) : [];
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (Reflect.get(value, name) as unknown)
    : undefined;
}

/** Faults across several members of an entry. Works on raw data, so that they are reported together with all others. */
function entryFaults(
  entry: unknown,
  path: readonly PropertyKey[],
  where: Locate,
  look: LookAtDirectory,
): readonly Fault[] {
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) return [];
  const faults = [...startFaults(entry), ...variableFaults(entry), ...pathFaults(entry, look)];
  return faults.map(([below, text]) => {
    const at = [...path, ...below];
    return faultAt(at, text, where);
  });
}

function faultAt(path: readonly PropertyKey[], text: string, where: Locate): Fault {
  const { line, column } = where(path);
  return { line, column, path: formatPath(path), ...splitMessage(text) };
}

type Finding = readonly [below: readonly PropertyKey[], text: string];

/** Either it has a command, or it is external. */
function startFaults(entry: object): readonly Finding[] {
  const given = (name: string): boolean => member(entry, name) !== undefined;
  const findings: Finding[] = [];
  if (!given("command") && !given("url")) {
    findings.push([
      [],
      "has neither command nor url|add command: [node, server.js], or url: for a process you run yourself",
    ]);
  }
  if (given("command") && given("url")) {
    findings.push([["url"], "can't be combined with command|remove one of them"]);
  }
  for (const name of ["ref", "prepare", "copyFiles"].filter(given)) {
    if (given("url")) findings.push([[name], "has no effect with url|remove it"]);
  }
  return findings;
}

/** Only a service with a command needs a directory. */
function pathFaults(entry: object, look: LookAtDirectory): readonly Finding[] {
  const path = member(entry, "path") ?? ".";
  if (member(entry, "command") === undefined || typeof path !== "string" || path === "") return [];
  if (path.includes("\0")) return [];
  const why = look(path);
  if (why === undefined) return [];
  const fix = "create the directory, or fix the path; it is relative to this file";
  return [[["path"], `${path} ${why}|${fix}`]];
}

function variableFaults(entry: object): readonly Finding[] {
  const env = member(entry, "env");
  if (typeof env !== "object" || env === null) return [];
  return Object.keys(env).flatMap((name): readonly Finding[] => {
    const fault = variableFault(name);
    return fault === undefined ? [] : [[["env", name], fault]];
  });
}

/** Only what Cocktail gives can be referred to: a name that is misspelt would reach the service as it is written. */
function referenceFaults(entries: readonly unknown[], where: Locate): readonly Fault[] {
  const services = entries
    .map((entry) => member(entry, "name"))
    .filter((name) => typeof name === "string");
  const known = ["HOST", "PORT", ...services.map(urlVariable)];
  return entries.flatMap((entry, index) => {
    const env = member(entry, "env");
    if (typeof env !== "object" || env === null) return [];
    return Object.entries(env).flatMap(([name, value]) =>
      referencesIn(String(value))
        .filter((reference) => !known.includes(reference))
        .map((reference) => {
          const near = suggest(reference, known);
          const fix = `${near === undefined ? `refer to ${known.join(", ")}` : `did you mean ${near}?`}; a literal \${ is written $\${`;
          return faultAt(
            ["services", index, "env", name],
            `refers to ${reference}, which nothing gives|${fix}`,
            where,
          );
        }),
    );
  });
}

function duplicateNames(entries: readonly unknown[], where: Locate): readonly Fault[] {
  const first = new Map<string, number>();
  return entries.flatMap((entry, index) => {
    const name = member(entry, "name");
    if (typeof name !== "string") return [];
    const earlier = first.get(name);
    if (earlier === undefined) {
      first.set(name, index);
      return [];
    }
    const path = ["services", index, "name"];
    const message = `${name} is already the name of services[${earlier}]`;
    return [
      {
        ...where(path),
        path: formatPath(path),
        message,
        fix: "give each service a name of its own",
      },
    ];
  });
}

function zodFaults(error: z.ZodError, base: readonly PropertyKey[], where: Locate): Fault[] {
  return error.issues.flatMap((issue): readonly Fault[] => {
    const path = [...base, ...issue.path];
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => unknownKey([...path, key], key, where));
    }
    return [faultAt(path, issue.message, where)];
  });
}

function unknownKey(path: readonly PropertyKey[], key: string, where: Locate): Fault {
  const allowed =
    path.length === 1 ? documentKeys : path[0] === "metadata" ? ["name"] : serviceKeys;
  const near = suggest(key, allowed);
  const fix =
    near === undefined ? `remove it; allowed are ${allowed.join(", ")}` : `did you mean ${near}?`;
  return { ...where(path), path: formatPath(path), message: "unknown key", fix };
}

/** `services[1].env.KEY`. */
function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) =>
      typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${String(part)}`,
    )
    .join("");
}

function compile(
  document: z.infer<typeof documentSchema>,
  entries: readonly ServiceEntry[],
  file: string,
): Config {
  const base = dirname(file);
  return {
    file,
    name: document.metadata.name,
    domain: document.domain,
    ticketProjects: document.ticketProjects,
    services: entries.map((entry) => compileService(entry, base)),
  };
}

function compileService(entry: ServiceEntry, base: string): ServiceConfig {
  const env = Object.fromEntries(
    Object.entries(entry.env).map(([name, value]) => [name, String(value)]),
  );
  const service = {
    name: entry.name,
    path: resolve(base, entry.path),
    ref: entry.ref,
    prepare: entry.prepare,
    command: entry.command,
    url: entry.url,
    protocol: entry.protocol,
    health: entry.health,
    env,
    envFiles: [entry.envFile].flat(),
    copyFiles: entry.copyFiles.map((path) => normalize(path)),
    entry: entry.entry,
  };
  // With the path as written: moving the cocktail to another directory changes nothing.
  // What is not written says nothing: an entry keeps its hash when a key is new to this version.
  const envFiles = service.envFiles.length === 0 ? undefined : service.envFiles;
  const copyFiles = service.copyFiles.length === 0 ? undefined : service.copyFiles;
  const content = JSON.stringify({ ...service, envFiles, copyFiles, path: normalize(entry.path) });
  const entryHash = createHash("sha256").update(content).digest("hex").slice(0, 16);
  return { ...service, entryHash };
}
