import { createHash } from "node:crypto";
import { dirname, resolve } from "node:path";
import { type Document, isMap, isScalar, LineCounter, type Node, parseDocument } from "yaml";
import type { z } from "zod";
import type { Config, Fault, ServiceConfig } from "./config.ts";
import {
  documentKeys,
  documentSchema,
  type ServiceEntry,
  serviceKeys,
  serviceSchema,
  splitMessage,
  variableFault,
} from "./schema.ts";
import { suggest } from "./suggest.ts";

export type Parsed =
  | { readonly ok: true; readonly config: Config; readonly where: Locate }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** The line and column of a place in the document. */
export type Locate = (path: readonly PropertyKey[]) => {
  readonly line: number;
  readonly column: number;
};

const maxLength = 1024 * 1024;

/** Reads a cocktail.yaml, `file` being its absolute path. Pure: all faults at once, or the compiled config. */
export function parseConfig(text: string, file: string): Parsed {
  if (text.length > maxLength) {
    const message = "is longer than 1 MiB";
    return { ok: false, faults: [{ line: 1, column: 1, path: "", message, fix: "shorten it" }] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) return { ok: false, faults: syntaxFaults(document, lines) };
  const where = locator(document, lines);
  const data = toData(document);
  if (data.kind === "fault") return { ok: false, faults: [data.fault] };
  const check = checkDocument(data.value, where);
  if (check.faults.length > 0 || check.document === undefined) {
    return { ok: false, faults: check.faults.toSorted(byPlace) };
  }
  return { ok: true, config: compile(check.document, check.services, file), where };
}

function byPlace(one: Fault, other: Fault): number {
  return one.line - other.line || one.column - other.column;
}

function syntaxFaults(document: Document.Parsed, lines: LineCounter): readonly Fault[] {
  return document.errors.map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    const duplicate = error.code === "DUPLICATE_KEY";
    return {
      line,
      column: col,
      path: "",
      message: duplicate
        ? "the same key twice in one map"
        : `not YAML: ${firstLine(error.message)}`,
      fix: duplicate ? "keep one of them" : "mend the syntax; indentation uses spaces",
    };
  });
}

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? "").replace(/[.:]$/, "");
}

type Data =
  | { readonly kind: "data"; readonly value: unknown }
  | { readonly kind: "fault"; readonly fault: Fault };

function toData(document: Document.Parsed): Data {
  try {
    // Aliases are expanded at most 100 times, which is the library's own limit against bombs.
    return { kind: "data", value: document.toJS({ maxAliasCount: 100 }) as unknown };
  } catch (error) {
    // An alias of nothing, or too many of them: the library notices only now, and doesn't say where.
    const message = `not YAML: ${firstLine(error instanceof Error ? error.message : String(error))}`;
    const fix = "write the value out instead of the alias";
    return { kind: "fault", fault: { line: 1, column: 1, path: "", message, fix } };
  }
}

function locator(document: Document.Parsed, lines: LineCounter): Locate {
  return (path) => {
    for (let depth = path.length; depth >= 0; depth--) {
      const offset = offsetOf(document, path.slice(0, depth));
      if (offset === undefined) continue;
      const { line, col } = lines.linePos(offset);
      return { line, column: col };
    }
    return { line: 1, column: 1 };
  };
}

/** Where a place begins: at its key, where it has one. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number | undefined {
  const last = path.at(-1);
  const parent = document.getIn(path.slice(0, -1), true);
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && key.value === last);
    if (pair !== undefined && isScalar(pair.key)) return pair.key.range?.[0];
  }
  const node: unknown = path.length === 0 ? document.contents : document.getIn(path, true);
  return isNode(node) ? node.range?.[0] : undefined;
}

function isNode(
  value: unknown,
): value is Node & { range?: readonly [number, number, number] | null } {
  return typeof value === "object" && value !== null && "range" in value;
}

interface Checked {
  readonly document: z.infer<typeof documentSchema> | undefined;
  readonly services: readonly ServiceEntry[];
  readonly faults: readonly Fault[];
}

function checkDocument(data: unknown, where: Locate): Checked {
  const outcome = documentSchema.safeParse(data);
  const faults = outcome.success ? [] : zodFaults(outcome.error, [], where);
  const services: ServiceEntry[] = [];
  const entries = listOf(data);
  entries.forEach((entry, index) => {
    const path = ["services", index];
    const parsed = serviceSchema.safeParse(entry);
    if (parsed.success) services.push(parsed.data);
    else faults.push(...zodFaults(parsed.error, path, where));
    faults.push(...entryFaults(entry, path, where));
  });
  faults.push(...duplicateNames(entries, where));
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

/** What a schema of one member can't see. Works on raw data, so that it is told together with everything else. */
function entryFaults(
  entry: unknown,
  path: readonly PropertyKey[],
  where: Locate,
): readonly Fault[] {
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) return [];
  const faults = [...startFaults(entry), ...variableFaults(entry)];
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

/** Either we start it, or somebody else does. */
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
    findings.push([["url"], "can't stand beside command|remove one of them"]);
  }
  if (given("prepare") && given("url")) {
    findings.push([["prepare"], "means nothing beside url|remove it"]);
  }
  return findings;
}

function variableFaults(entry: object): readonly Finding[] {
  const env = member(entry, "env");
  if (typeof env !== "object" || env === null) return [];
  return Object.keys(env).flatMap((name): readonly Finding[] => {
    const fault = variableFault(name);
    return fault === undefined ? [] : [[["env", name], fault]];
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
    near === undefined ? `remove it; known are ${allowed.join(", ")}` : `did you mean ${near}?`;
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
    prepare: entry.prepare,
    command: entry.command,
    url: entry.url,
    protocol: entry.protocol,
    health: entry.health,
    env,
    entry: entry.entry,
  };
  const entryHash = createHash("sha256").update(JSON.stringify(service)).digest("hex").slice(0, 16);
  return { ...service, entryHash };
}
