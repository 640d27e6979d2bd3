import { type Problem, problemCodes } from "@cocktail/client";
import { z } from "zod";
import { exactly } from "../../schema/exactly.ts";
import { named } from "./registry.ts";

export const problem = named(
  "Problem",
  exactly<Problem>()(
    z.object({
      type: z.string(),
      title: z.string(),
      status: z.int(),
      detail: z.string(),
      code: z.enum(problemCodes),
      reason: z.string().optional(),
      params: z.record(z.string(), z.string()).optional(),
      fix: z.string(),
      retryable: z.boolean(),
      errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    }),
  ),
  "RFC 9457, with the members of every Cocktail error.",
);
