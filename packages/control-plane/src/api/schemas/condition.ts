import type { Condition } from "@cocktail/client";
import { z } from "zod";
import { exactly } from "../../schema/exactly.ts";
import { named } from "./registry.ts";

export const condition = named(
  "Condition",
  exactly<Condition>()(
    z.object({
      type: z.enum([
        "Ready",
        "WorkloadReady",
        "RoutesProgrammed",
        "VariantsReady",
        "Expiring",
        "Degraded",
      ]),
      status: z.enum(["True", "False", "Unknown"]),
      reason: z.string(),
      message: z.string(),
      observedGeneration: z.int(),
      lastTransitionTime: z.string(),
    }),
  ),
  "A condition of an object, as in Kubernetes.",
);

export const header = z.object({ name: z.string(), value: z.string() });
