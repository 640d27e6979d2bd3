import { type Fields as Schema, isFields } from "@cocktail/mesh";
import { z } from "zod";

/** What the API server knows of a schema; see "structural schemas" in the documentation of Kubernetes. */
const known: ReadonlySet<string> = new Set(
  "type description default enum format items properties required minimum maximum minLength maxLength minItems maxItems pattern".split(
    " ",
  ),
);

/** The schema of a model as a CustomResourceDefinition has it. Throws if the model has what such a schema can't say. */
export function structuralSchema(model: z.ZodType): Schema {
  const schema = z.toJSONSchema(model, {
    target: "openapi-3.0",
    io: "input",
    unrepresentable: "any",
  });
  return structural(schema, "");
}

function structural(schema: Schema, at: string): Schema {
  // An object that lets through unknown members: the API server drops them in any case.
  const { additionalProperties: _, properties, items, ...plain } = schema;
  for (const name of Object.keys(plain))
    if (!known.has(name) && !name.startsWith("x-kubernetes-"))
      throw new TypeError(`${at}: a structural schema has no ${name}`);
  if (typeof plain["type"] !== "string") throw new TypeError(`${at}: no type`);
  return {
    ...typed(plain),
    ...(isFields(items) ? { items: structural(items, `${at}[]`) } : {}),
    ...(isFields(properties)
      ? {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, each]) => [
              name,
              structural(isFields(each) ? each : {}, `${at}.${name}`),
            ]),
          ),
        }
      : {}),
  };
}

/** Integers as Kubernetes writes them: the limits of a number of JavaScript say nothing to a reader. */
function typed(schema: Schema): Schema {
  if (schema["type"] !== "integer") return schema;
  const { minimum, maximum, ...rest } = schema;
  return {
    ...rest,
    format: "int64",
    ...(minimum === Number.MIN_SAFE_INTEGER ? {} : { minimum }),
    ...(maximum === Number.MAX_SAFE_INTEGER ? {} : { maximum }),
  };
}
