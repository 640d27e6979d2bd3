import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { readRegularFile } from "@cocktail/local-state";
import type { KubeObject } from "@cocktail/mesh";
import { exitCodes } from "../exit-code.ts";
import { Failure } from "../failure.ts";

/** An object and where it was read. */
export interface FileObject {
  readonly object: KubeObject;
  /** `shop.yaml:12`. */
  readonly at: string;
}

const maxBytes = 8 << 20;

/** Reads Kubernetes objects of YAML or JSON files: several documents, and Lists. Throws a failure that names file and line. */
export async function readObjects(
  files: readonly string[],
  cwd: string,
): Promise<readonly FileObject[]> {
  const { parseAllDocuments, LineCounter } = await import("yaml");
  const all: FileObject[] = [];
  for (const file of files) {
    const lines = new LineCounter();
    const documents = parseAllDocuments(await readText(file, cwd), {
      lineCounter: lines,
      prettyErrors: false,
    });
    for (const document of "empty" in documents ? [] : documents) {
      const line = (offset: number): string => `${file}:${lines.linePos(offset).line}`;
      const [fault] = document.errors;
      if (fault !== undefined) throw invalid(`${line(fault.pos[0])}: ${fault.message}`);
      const content: unknown = document.toJS({ maxAliasCount: 100 });
      const at = line(document.contents?.range?.[0] ?? document.range[0]);
      all.push(...objectsIn(content, at));
    }
  }
  return all;
}

export async function readText(file: string, cwd: string): Promise<string> {
  if (file === "-") return await text(process.stdin);
  const failed = (why: string): Failure =>
    new Failure({
      code: "FILE_NOT_FOUND",
      message: `${file}: ${why}`,
      fix: "give files of Kubernetes objects, or - for standard input",
      exitCode: exitCodes.notFound,
    });
  const content = await readRegularFile(resolve(cwd, file), maxBytes).catch((error: unknown) => {
    throw failed(error instanceof Error ? error.message : String(error));
  });
  if (content === undefined) throw failed("no such file");
  return content.toString("utf8");
}

/** The objects of a document, which may be a List. */
export function objectsIn(content: unknown, at: string): readonly FileObject[] {
  if (content === null || content === undefined) return []; // an empty document
  const items: unknown = Reflect.get(Object(content), "items");
  if (Reflect.get(Object(content), "kind") === "List" && Array.isArray(items))
    return items.flatMap((item: unknown) => objectsIn(item, at));
  if (isObject(content)) return [{ object: content, at }];
  throw invalid(`${at}: not a Kubernetes object: apiVersion, kind and metadata.name are needed`);
}

function isObject(content: unknown): content is KubeObject {
  const metadata: unknown = Reflect.get(Object(content), "metadata");
  const texts = [
    Reflect.get(Object(content), "apiVersion"),
    Reflect.get(Object(content), "kind"),
    Reflect.get(Object(metadata), "name"),
  ];
  return texts.every((text) => typeof text === "string" && text !== "");
}

/** What is wrong with an object that was read; the message begins with file and line. */
export function invalid(message: string): Failure {
  const fix = "correct the file";
  return new Failure({ code: "SPEC_INVALID", message, fix, exitCode: exitCodes.usage });
}
