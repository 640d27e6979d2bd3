import {
  type DesiredEnvironment,
  type DesiredService,
  type DesiredVariant,
  type IncarnationRecord,
  type KeyCounter,
  variantStates,
} from "@cocktail/environment";
import { z } from "zod";
import { exactly } from "../schema/exactly.ts";

const names = z.record(z.string(), z.string());
const source = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("service") }),
  z.object({ kind: z.literal("branch"), branch: z.string(), revision: z.string().optional() }),
  z.object({ kind: z.literal("directory"), path: z.string() }),
  z.object({ kind: z.literal("url"), url: z.string() }),
]);

/** The stored documents, as this version writes them. */
export const serviceDocument = exactly<DesiredService>()(
  z.object({
    name: z.string(),
    position: z.number(),
    entry: z.boolean(),
    protocol: z.enum(["auto", "http1", "h2c"]),
    path: z.string().optional(),
    source,
    command: z.array(z.string()).optional(),
    env: names,
    entryHash: z.string(),
  }),
);

export const variantDocument = exactly<DesiredVariant>()(
  z.object({
    service: z.string(),
    key: z.string(),
    generation: z.number(),
    source,
    command: z.array(z.string()).optional(),
    env: names,
    branch: z.string().optional(),
    onUnavailable: z.enum(["Fail", "Fallback"]),
    endpoints: z.array(z.string()).optional(),
    promotion: z
      .object({
        entryHash: z.string(),
        rcGeneration: z.number(),
        revision: z.string(),
        at: z.number(),
      })
      .optional(),
    createdAt: z.number(),
    expiresAt: z.number().optional(),
    deleted: z.boolean(),
    discard: z.boolean(),
  }),
);

export const environmentDocument = exactly<DesiredEnvironment>()(
  z.object({
    name: z.string(),
    parent: z.string(),
    members: names,
    generation: z.number(),
    createdAt: z.number(),
    expiresAt: z.number().optional(),
  }),
);

export const incarnationDocument = exactly<IncarnationRecord>()(
  z.object({
    service: z.string(),
    key: z.string(),
    number: z.number(),
    generation: z.number(),
    state: z.enum(variantStates),
    revision: z.string(),
    destination: z.string().optional(),
    run: z.string(),
    onUnavailable: z.enum(["Fail", "Fallback"]),
    endpoints: z.array(z.string()).optional(),
    createdAt: z.number(),
    failure: z.object({ reason: z.string(), message: z.string(), at: z.number() }).optional(),
  }),
);

export const counterDocument = exactly<KeyCounter>()(
  z.object({
    service: z.string(),
    key: z.string(),
    generation: z.number(),
    incarnation: z.number(),
  }),
);
