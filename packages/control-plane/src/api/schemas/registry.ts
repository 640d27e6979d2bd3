import { z } from "zod";

/** The schemas that have a name in the OpenAPI document. */
export const wireSchemas = z.registry<{ readonly id: string; readonly description?: string }>();

/** Gives a schema its name in the OpenAPI document. */
export function named<S extends z.ZodType>(id: string, schema: S, description?: string): S {
  wireSchemas.add(schema, { id, ...(description !== undefined && { description }) });
  return schema;
}
