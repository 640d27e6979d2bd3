import { z } from "zod";
import { mapBy } from "./rules.ts";
import { count, dateTime } from "./texts.ts";

const condition = z.object({
  type: z.string().max(316),
  status: z.enum(["True", "False", "Unknown"]),
  reason: z.string().max(1024),
  message: z.string().max(32_768),
  observedGeneration: count.optional(),
  lastTransitionTime: dateTime,
});

/** What the status of every kind has. Only the operator writes it, so texts have no limits that it could run into. */
export const observed = {
  observedGeneration: count
    .optional()
    .describe("The generation of the spec that this status is about."),
  conditions: z
    .array(condition)
    .optional()
    .describe("Ready says whether requests reach it; the other ones say why not.")
    .meta(mapBy("type")),
  url: z.string().optional().describe("Its public URL, if it has one."),
  expiresAt: z
    .string()
    .optional()
    .describe("When it is deleted. Follows from expiresAt or ttlSeconds of the spec."),
};
