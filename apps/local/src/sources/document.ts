import type { Source } from "@cocktail/client";
import type { SourceDocument } from "@cocktail/environment";
import { z } from "zod";

const common = {
  /** Instead of the service's own. */
  command: z.array(z.string()).optional(),
  /** On top of the service's own. */
  env: z.record(z.string(), z.string()).optional(),
  /** Of a service: its directory. */
  path: z.string().optional(),
};
const schema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("service"), ...common }),
  z.object({
    kind: z.literal("branch"),
    branch: z.string(),
    revision: z.string().optional(),
    ...common,
  }),
  z.object({ kind: z.literal("directory"), ...common, path: z.string() }),
  z.object({ kind: z.literal("url"), url: z.string(), ...common }),
]);

/** Where the code of a variant comes from on this machine, and how it is started. Only this app looks into it. */
export type LocalSource = z.output<typeof schema>;

/** Throws TypeError for a document that this platform can't read. */
export function readSource(document: SourceDocument): LocalSource {
  const found = schema.safeParse(document);
  if (found.success) return found.data;
  const { path, message } = found.error.issues[0] ?? { path: [], message: "unknown" };
  throw new TypeError(`not a source of this platform: ${path.join(".")}: ${message}`);
}

/** As the API shows it: without variables, which may be secret. */
export function describeSource(document: SourceDocument): {
  readonly source: Source;
  readonly path?: string | undefined;
} {
  const source = readSource(document);
  const { path } = source;
  switch (source.kind) {
    case "service":
      return { source: { kind: "service" }, path };
    case "branch": {
      const { kind, branch, revision } = source;
      return { source: { kind, branch, ...(revision === undefined ? {} : { revision }) }, path };
    }
    case "directory":
      return { source: { kind: "directory", path: source.path }, path };
    case "url":
      return { source: { kind: "url", url: source.url }, path };
  }
}

/** `branch feature/mp-101`, `directory /src/payment`: for plans and messages. */
export function summarizeSource(document: SourceDocument): string {
  const source = readSource(document);
  switch (source.kind) {
    case "service":
      return "the service's own directory";
    case "branch":
      return source.revision === undefined
        ? `branch ${source.branch}`
        : `branch ${source.branch} at ${source.revision.slice(0, 12)}`;
    case "directory":
      return `directory ${source.path}`;
    case "url":
      return source.url;
  }
}
