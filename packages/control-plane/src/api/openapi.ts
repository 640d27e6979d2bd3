import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import {
  createJsonSchemaTransform,
  createJsonSchemaTransformObject,
} from "fastify-type-provider-zod";
import { z } from "zod";
import { wireSchemas } from "./schemas/registry.ts";

const description = `Desired and observed state of a cocktail, and its route table.

Changes require the bearer token of .cocktail/run.json; reads from the same machine don't. Every error is a problem
(RFC 9457) with a \`code\` to branch on, a \`fix\` for users, and \`retryable\`.`;

/** Describes every operation that is added afterwards. */
export async function describeOperations(app: FastifyInstance, version: string): Promise<void> {
  const config = { schemaRegistry: wireSchemas, zodToJsonConfig: { override: refineSchema } };
  const names = createJsonSchemaTransformObject(config);
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Cocktail", description, version, license: { name: "Apache-2.0" } },
      components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
    },
    transform: createJsonSchemaTransform(config),
    transformObject: (document) => withOptionalBodies(withoutUnused(names(document))),
  });
}

/** Serves the description itself. */
export function addDescription(app: FastifyInstance): void {
  let text: string | undefined;
  app.route({
    method: "GET",
    url: "/v1/openapi.json",
    schema: {
      operationId: "getDescription",
      summary: "This description",
      tags: ["system"],
      response: { 200: { description: "OpenAPI 3.1.", content: json(z.unknown()) } },
    },
    handler: (_, reply) => {
      text ??= JSON.stringify(app.swagger());
      return reply.type("application/json").serializer(String).send(text);
    },
  });
}

function json(schema: z.ZodType): object {
  return { "application/json": { schema } };
}

/** Answers may get more members with any version; only what is strict, a request, is closed. And what was described, is. */
function refineSchema({ zodSchema, jsonSchema }: JsonSchemaContext): void {
  const description = z.globalRegistry.get(zodSchema)?.description;
  if (description !== undefined) jsonSchema.description ??= description;
  const isOpen = zodSchema._zod.def.type === "object" && !("catchall" in zodSchema._zod.def);
  if (isOpen) delete jsonSchema.additionalProperties;
}
type JsonSchemaContext = Parameters<NonNullable<z.core.JSONSchemaGeneratorParams["override"]>>[0];

/** An operation that takes no body for the default says so; the describer calls every body required. */
export const optionalBody = "x-optional-body";

function withOptionalBodies(document: object): object {
  return asRecord(
    JSON.parse(JSON.stringify(document), (_, value: unknown) => {
      const operation = asRecord(value);
      if (!(optionalBody in operation)) return value;
      const { [optionalBody]: _flag, requestBody, ...rest } = operation;
      return { ...rest, requestBody: { ...asRecord(requestBody), required: false } };
    }),
  );
}

const prefix = "#/components/schemas/";

/** Every named schema comes as `X` and, for requests, as `XInput`; only one of them is referred to, as a rule. */
function withoutUnused(document: object): object {
  const used = new Set<string>();
  const { components, ...rest } = asRecord(document);
  const schemas = asRecord(asRecord(components)["schemas"]);
  const visit = (value: unknown): void => {
    for (const reference of referencesIn(value)) {
      if (used.has(reference)) continue;
      used.add(reference);
      visit(schemas[reference]);
    }
  };
  visit(rest);
  const kept = Object.entries(schemas).filter(([name]) => used.has(name));
  kept.sort(([one], [other]) => (one < other ? -1 : 1));
  const small = {
    ...rest,
    components: { ...asRecord(components), schemas: Object.fromEntries(kept) },
  };
  return withPlainNames(small, used);
}

/** `XInput` is called `X` where that name is free. */
function withPlainNames(document: object, names: ReadonlySet<string>): object {
  let text = JSON.stringify(document);
  for (const name of names) {
    const plain = name.replace(/Input$/, "");
    if (plain === name || names.has(plain)) continue;
    text = text.replaceAll(`${prefix}${name}"`, `${prefix}${plain}"`);
    text = text.replaceAll(`"${name}":{`, `"${plain}":{`);
  }
  return asRecord(JSON.parse(text));
}

function referencesIn(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]: [string, unknown]) =>
    name === "$ref" && typeof member === "string" && member.startsWith(prefix)
      ? [member.slice(prefix.length)]
      : referencesIn(member),
  );
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
