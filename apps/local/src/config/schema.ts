import { isKey, isReservedKey } from "@cocktail/route";
import { z } from "zod";
import { posix } from "node:path";

const label = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
export const domainName =
  /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)*$/;
const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * A message that carries its fix: `what is wrong|what to do`. Zod has one text per issue, and every fault of the file has
 * a fix.
 */
export const splitMessage = (text: string): { readonly message: string; readonly fix: string } => {
  const bar = text.lastIndexOf("|");
  return bar < 0
    ? { message: text, fix: "see docs/reference/cocktail-yaml.md" }
    : { message: text.slice(0, bar), fix: text.slice(bar + 1) };
};

/** A value that is not a string (`name: 12`) is not missing. */
const missingOr =
  (missing: string) =>
  ({ input }: { readonly input?: unknown }): string =>
    input === undefined ? missing : "must be a string|put quotes around it";

/** System calls refuse a NUL character. */
const noNul = (text: string): boolean => !text.includes("\0");
const nul = { error: "holds a NUL character|remove it" };

const commandWords = (example: string): z.ZodType<readonly string[]> =>
  z
    .array(z.string({ error: `must be a string|put quotes around it` }).refine(noNul, nul), {
      error: `must be a list of words|write it as a list, such as ${example}`,
    })
    .min(1, { error: `must not be empty|write a command, such as ${example}` })
    .refine((list) => list[0] !== "", { error: `must begin with a program|such as ${example}` });

/** Numbers and booleans are converted to text: `PORTS: 3` means "3". */
const environmentValue = z
  .union([z.string(), z.number(), z.boolean()], { error: "must be a string|put quotes around it" })
  .refine((value) => noNul(String(value)), nul);

const flag = z.boolean({ error: "must be true or false|write true or false" });

/** Below the service's directory: a branch must not choose what else is read. */
const relativeFile = z
  .string({ error: "must be a string|write a relative path, such as .env" })
  .min(1, { error: "must not be empty|write a relative path, such as .env" })
  .refine(noNul, nul)
  .refine((path) => !path.startsWith("/") && !path.split("/").includes(".."), {
    error: "is not below the service's directory|write a relative path without .., such as .env",
  });

const maxCopiedFiles = 100;

const copiedFile = relativeFile.refine(isCopiable, {
  error: "is no file that can be copied|write a file outside of .git, such as certs/dev.pem",
});

/** No directory, and none of git's own files, which say what git runs. */
function isCopiable(path: string): boolean {
  const parts = posix.normalize(path).toLowerCase().split("/");
  return !["", "."].includes(parts.at(-1) ?? "") && !parts.includes(".git");
}

export const serviceSchema = z.strictObject(
  {
    name: z
      .string({ error: missingOr("a name is missing|add name: my-service") })
      .regex(label, {
        error:
          "is not a service name|use at most 63 lower-case letters, digits and hyphens, beginning and ending with a letter or digit",
      })
      .refine((name) => !isReservedKey(name), {
        error: "is a reserved word|give the service another name than stable and rc",
      }),
    path: z
      .string({ error: "must be a string|write a directory, such as ./payment-service" })
      .min(1, { error: "must not be empty|write a directory, such as ./payment-service" })
      .refine(noNul, nul)
      .default("."),
    ref: z
      .string({ error: "must be a string|write a branch, tag or commit, such as main" })
      .min(1, { error: "must not be empty|write a branch, tag or commit, such as main" })
      .refine(noNul, nul)
      .optional(),
    prepare: commandWords("[npm, ci]").optional(),
    command: commandWords("[node, server.js]").optional(),
    url: z
      .string({ error: "must be a string|write a URL, such as http://127.0.0.1:3000" })
      .refine(isBaseUrl, {
        error: "is not an http URL without a path|write it as http://127.0.0.1:3000",
      })
      .optional(),
    protocol: z
      .enum(["auto", "http1", "h2c"], { error: "is not a protocol|use auto, http1 or h2c" })
      .default("auto"),
    health: z
      .string({ error: "must be a string|write a path, such as /healthz" })
      .regex(/^\/[!-~]*$/, { error: "is not a path|begin with a slash, such as /healthz" })
      .optional(),
    env: z
      .record(z.string(), environmentValue, { error: "must be a map|write KEY: value" })
      .default({}),
    envFile: z
      .union([relativeFile, z.array(relativeFile)], {
        error: "must be a file or a list of files|write .env, or [.env, .env.local]",
      })
      .default([]),
    copyFiles: z
      .array(copiedFile, { error: "must be a list of files|write [.env.local, certs/dev.pem]" })
      .max(maxCopiedFiles, {
        error: `names more than ${maxCopiedFiles} files|let prepare make the others`,
      })
      .default([]),
    entry: flag.default(false),
  },
  { error: "must be a map|write - name: my-service" },
);
export type ServiceEntry = z.infer<typeof serviceSchema>;
export const serviceKeys: readonly string[] = Object.keys(serviceSchema.shape);

export const documentSchema = z.strictObject(
  {
    apiVersion: z.literal("cocktail.dev/v1alpha1", {
      error: "must be cocktail.dev/v1alpha1|write apiVersion: cocktail.dev/v1alpha1",
    }),
    kind: z.literal("Cocktail", { error: "must be Cocktail|write kind: Cocktail" }),
    metadata: z.strictObject(
      {
        name: z
          .string({ error: missingOr("a name is missing|add metadata: {name: my-shop}") })
          .refine(isKey, {
            error: "is not a name|use at most 40 lower-case letters, digits and hyphens",
          }),
      },
      { error: "is missing or not a map|add metadata: {name: my-shop}" },
    ),
    domain: z
      .string({ error: "must be a string|write a domain, such as localhost" })
      .regex(domainName, {
        error: "is not a domain|use lower case, such as localhost or dev.example.com",
      })
      .default("localhost"),
    ticketProjects: z
      .array(
        z
          .string({ error: "must be a string|write a project key, such as MP" })
          .regex(/^[A-Za-z][A-Za-z0-9]+$/, {
            error: "is not a project key|use letters and digits, such as MP",
          }),
        { error: "must be a list|write it as [MP, OPS]" },
      )
      .default([]),
    services: z
      .array(z.unknown(), { error: "must be a list|add services: and below it - name: my-service" })
      .min(1, { error: "must not be empty|add - name: my-service" })
      .max(500, { error: "has more than 500 entries|split the cocktail" }),
  },
  { error: "must be a map|begin with apiVersion: cocktail.dev/v1alpha1" },
);
export const documentKeys: readonly string[] = Object.keys(documentSchema.shape);

export function isVariableName(name: string): boolean {
  return variableName.test(name);
}

/** Variables that an entry may not set, because Cocktail sets them. Undefined where the name is valid. */
export function variableFault(name: string): string | undefined {
  if (!isVariableName(name)) {
    return "is not a variable's name|use letters, digits and underscores, and begin with no digit";
  }
  if (name === "PORT" || name === "HOST" || name.startsWith("COCKTAIL_")) {
    return `is set by Cocktail|remove it, and let the process read ${name}`;
  }
  return undefined;
}

/** `http://127.0.0.1:3000`: an origin without a path. */
export function isBaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return url.protocol === "http:" && url.href === `${url.origin}/`;
}
