import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { EnvironmentSpec } from "@cocktail/client";
import { isKey, isServiceName, type Pin } from "@cocktail/route";
import { exitCodes } from "../exit-code.ts";
import { Failure, usageFailure } from "../failure.ts";
import { type Faults, openYaml, type Path } from "./yaml-file.ts";

/** An environment as read from a file or options. */
export interface NamedSpec {
  readonly name: string;
  readonly spec: EnvironmentSpec;
}

/** `--variant a:x --variant b:y` as members; each service at most once. */
export function membersOf(variants: readonly Pin[]): Readonly<Record<string, string>> {
  const members = new Map<string, string>();
  for (const { service, key } of variants) {
    const earlier = members.get(service);
    if (earlier !== undefined && earlier !== key) {
      throw usageFailure(
        `--variant has two variants of ${service}: ${earlier} and ${key}`,
        "keep one: an environment has at most one variant of a service",
      );
    }
    members.set(service, key);
  }
  return Object.fromEntries(members);
}

/** Reads the file of `env apply -f`; reports all faults together, each with file and line. `-` is standard input. */
export async function readEnvironmentFile(file: string, cwd: string): Promise<NamedSpec> {
  const path = file === "-" ? "standard input" : resolve(cwd, file);
  const text = file === "-" ? await readAll(process.stdin) : await readText(path);
  return await parseEnvironment(text, path);
}

/** Parses an environment; `path` names the text in messages. */
export async function parseEnvironment(text: string, path: string): Promise<NamedSpec> {
  const yaml = await openYaml(text, path);
  const found = yaml.list.length === 0 ? readDocument(yaml.root, yaml) : undefined;
  if (yaml.list.length === 0 && found !== undefined) return found;
  throw new Failure({
    code: "SPEC_INVALID",
    message: yaml.list.join("\n"),
    fix: "correct the file; its format: cocktail env apply --help",
    exitCode: exitCodes.usage,
  });
}

type Mapping = Readonly<Record<string, unknown>>;

function readDocument(value: unknown, faults: Faults): NamedSpec | undefined {
  const root = readMapping(value, faults, [], ["apiVersion", "kind", "metadata", "spec"]);
  readExactly(root["apiVersion"], faults, ["apiVersion"], "cocktail.dev/v1alpha1");
  readExactly(root["kind"], faults, ["kind"], "Environment");
  const metadata = readMapping(root["metadata"] ?? {}, faults, ["metadata"], ["name"]);
  const name = readLabel(metadata["name"], faults, ["metadata", "name"]);
  const known = ["parent", "members", "ttlSeconds"];
  const spec = readMapping(root["spec"] ?? {}, faults, ["spec"], known);
  const parent = optionally(spec["parent"], (parent) =>
    readLabel(parent, faults, ["spec", "parent"]),
  );
  const ttlSeconds = optionally(spec["ttlSeconds"], (ttl) => readSeconds(ttl, faults));
  const members = readMembers(spec["members"] ?? [], faults);
  return name === undefined ? undefined : { name, spec: { parent, members, ttlSeconds } };
}

function readMembers(value: unknown, faults: Faults): Readonly<Record<string, string>> {
  if (!Array.isArray(value)) {
    faults.add("must be a list of {service, key}", ["spec", "members"]);
    return {};
  }
  const members = new Map<string, string>();
  const entries: readonly unknown[] = value;
  for (const [index, entry] of entries.entries()) {
    const at = ["spec", "members", index];
    const member = readMapping(entry, faults, at, ["service", "key"]);
    const service = readService(member["service"], faults, [...at, "service"]);
    const key = readLabel(member["key"], faults, [...at, "key"]);
    if (service === undefined || key === undefined) continue;
    if (members.has(service)) faults.add(`${service} is listed twice`, [...at, "service"]);
    members.set(service, key);
  }
  return Object.fromEntries(members);
}

function readMapping(value: unknown, faults: Faults, at: Path, known: readonly string[]): Mapping {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    faults.add(at.length === 0 ? "the file must hold one Environment" : "must be a mapping", at);
    return {};
  }
  for (const name of Object.keys(value).filter((name) => !known.includes(name))) {
    faults.add(`is unknown; allowed are ${known.join(", ")}`, [...at, name]);
  }
  return { ...value };
}

function readExactly(value: unknown, faults: Faults, at: Path, wanted: string): void {
  if (value !== wanted) faults.add(`must be ${wanted}`, at);
}

function readLabel(value: unknown, faults: Faults, at: Path): string | undefined {
  if (typeof value === "string" && isKey(value)) return value;
  const wanted = "must be a lower-case DNS label of at most 40 characters";
  faults.add(value === undefined ? "is missing" : wanted, at);
  return undefined;
}

function readService(value: unknown, faults: Faults, at: Path): string | undefined {
  if (typeof value === "string" && isServiceName(value)) return value;
  faults.add(value === undefined ? "is missing" : "must be the name of a service", at);
  return undefined;
}

function readSeconds(value: unknown, faults: Faults): number | undefined {
  if (typeof value === "number" && Number.isSafeInteger(value) && value > 0) return value;
  faults.add("must be a whole number of seconds above 0", ["spec", "ttlSeconds"]);
  return undefined;
}

function optionally<T>(value: unknown, read: (value: unknown) => T): T | undefined {
  return value === undefined || value === null ? undefined : read(value);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure(
      {
        code: "FILE_NOT_FOUND",
        message: `${path} cannot be read: ${why}`,
        fix: "pass a readable file: cocktail env apply -f FILE",
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
