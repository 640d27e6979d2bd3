import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { EnvironmentSpec } from "@cocktail/client";
import { isKey, isServiceName } from "@cocktail/route";
import type { Document, LineCounter, Node } from "yaml";
import { readVariant } from "../command/read-input.ts";
import { exitCodes } from "../exit-code.ts";
import { Failure, usageFailure } from "../failure.ts";

/** An environment as a file gives it. */
export interface NamedSpec {
  readonly name: string;
  readonly spec: EnvironmentSpec;
}

/** `--variant a:x --variant b:y` as members; a service may be named once. */
export function membersOf(variants: readonly string[]): Readonly<Record<string, string>> {
  const members = new Map<string, string>();
  for (const text of variants) {
    const { service, key } = readVariant("--variant", text.replace(/^variant\//, ""));
    const earlier = members.get(service);
    if (earlier !== undefined && earlier !== key) {
      throw usageFailure(
        `--variant names ${service} twice: ${earlier} and ${key}`,
        "an environment holds one variant of a service",
      );
    }
    members.set(service, key);
  }
  return Object.fromEntries(members);
}

/** Reads `env apply -f`: every fault at once, each with file and line. `-` is standard input. */
export async function readEnvironmentFile(file: string, cwd: string): Promise<NamedSpec> {
  const path = file === "-" ? "standard input" : resolve(cwd, file);
  const text = file === "-" ? await readAll(process.stdin) : await readText(path);
  const { LineCounter: Lines, parseDocument } = await import("yaml");
  const lines = new Lines();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const reader = openReader(path, document, lines);
  for (const { message, pos } of document.errors) reader.fault(message, pos[0]);
  const found = document.errors.length === 0 ? readDocument(reader) : undefined;
  if (reader.faults.length > 0 || found === undefined) {
    throw new Failure({
      code: "SPEC_INVALID",
      message: reader.faults.join("\n"),
      fix: "correct the file; its form: cocktail env apply --help",
      exitCode: exitCodes.usage,
    });
  }
  return found;
}

type Path = readonly (string | number)[];
interface Reader {
  readonly faults: readonly string[];
  readonly root: unknown;
  fault(message: string, at: number | Path): void;
}

function openReader(file: string, document: Document, lines: LineCounter): Reader {
  const faults: string[] = [];
  const lineOf = (at: number | Path): number => {
    if (typeof at === "number") return lines.linePos(at).line;
    for (let path = at; ; path = path.slice(0, -1)) {
      const node = document.getIn(path, true) as Node | undefined;
      const offset = node?.range?.[0];
      if (offset !== undefined) return lines.linePos(offset).line;
      if (path.length === 0) return 1;
    }
  };
  return {
    faults,
    root: document.toJS() as unknown,
    fault: (message, at) => {
      const where = typeof at === "number" ? "" : `${at.join(".")}: `;
      faults.push(`${file}:${lineOf(at)}: ${where}${message}`);
    },
  };
}

function readDocument(reader: Reader): NamedSpec | undefined {
  const root = record(reader, reader.root, []);
  if (root === undefined) return undefined;
  known(reader, root, [], ["apiVersion", "kind", "metadata", "spec"]);
  if (root["apiVersion"] !== "cocktail.dev/v1alpha1")
    reader.fault("must be cocktail.dev/v1alpha1", ["apiVersion"]);
  if (root["kind"] !== "Environment") reader.fault("must be Environment", ["kind"]);
  const metadata = record(reader, root["metadata"], ["metadata"]) ?? {};
  known(reader, metadata, ["metadata"], ["name"]);
  const name = label(reader, metadata["name"], ["metadata", "name"]);
  const spec = root["spec"] === undefined ? {} : (record(reader, root["spec"], ["spec"]) ?? {});
  known(reader, spec, ["spec"], ["parent", "members", "ttlSeconds"]);
  const parent =
    spec["parent"] === undefined ? undefined : label(reader, spec["parent"], ["spec", "parent"]);
  const ttlSeconds = spec["ttlSeconds"];
  if (ttlSeconds !== undefined && !(Number.isSafeInteger(ttlSeconds) && Number(ttlSeconds) > 0)) {
    reader.fault("must be a whole number of seconds above 0", ["spec", "ttlSeconds"]);
  }
  const members = readMembers(reader, spec["members"]);
  if (name === undefined) return undefined;
  return {
    name,
    spec: { parent, members, ttlSeconds: typeof ttlSeconds === "number" ? ttlSeconds : undefined },
  };
}

function readMembers(reader: Reader, value: unknown): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  if (!Array.isArray(value)) {
    reader.fault("must be a list of {service, key}", ["spec", "members"]);
    return {};
  }
  const members = new Map<string, string>();
  for (const [index, entry] of value.entries()) {
    const at = ["spec", "members", index];
    const member = record(reader, entry, at);
    if (member === undefined) continue;
    known(reader, member, at, ["service", "key"]);
    const { service, key } = member;
    if (typeof service !== "string" || !isServiceName(service))
      reader.fault("must be the name of a service", [...at, "service"]);
    else if (members.has(service)) reader.fault(`${service} is named twice`, [...at, "service"]);
    const validKey = label(reader, key, [...at, "key"]);
    if (typeof service === "string" && validKey !== undefined) members.set(service, validKey);
  }
  return Object.fromEntries(members);
}

function record(
  reader: Reader,
  value: unknown,
  at: Path,
): Readonly<Record<string, unknown>> | undefined {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  reader.fault(at.length === 0 ? "the file must hold one Environment" : "must be a mapping", at);
  return undefined;
}

function known(
  reader: Reader,
  value: Readonly<Record<string, unknown>>,
  at: Path,
  names: readonly string[],
): void {
  for (const name of Object.keys(value)) {
    if (!names.includes(name))
      reader.fault(`is not known; known are ${names.join(", ")}`, [...at, name]);
  }
}

function label(reader: Reader, value: unknown, at: Path): string | undefined {
  if (typeof value === "string" && isKey(value)) return value;
  reader.fault(
    value === undefined ? "is missing" : "must be a lower-case DNS label of at most 40 characters",
    at,
  );
  return undefined;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure(
      {
        code: "FILE_NOT_FOUND",
        message: `${path} can't be read: ${why}`,
        fix: "cocktail env apply -f FILE",
        exitCode: exitCodes.usage,
      },
      { cause: error },
    );
  }
}

async function readAll(stream: AsyncIterable<Buffer | string>): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  return text;
}
