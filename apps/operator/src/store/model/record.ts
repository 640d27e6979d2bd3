import { z } from "zod";
import { rules } from "./rules.ts";
import { document } from "./texts.ts";

export const recordModel = z
  .object({
    spec: z
      .object({
        kind: z.enum(["Service", "Ledger"]).describe("The kind of the object in the engine."),
        name: z.string().min(1).max(253).describe("Its name in the engine."),
        document: document.describe("Its spec."),
      })
      .describe("What is wanted."),
    status: z
      .object({ document: document.describe("Its status.") })
      .optional()
      .describe("What is."),
  })
  .describe("An object of the operator's own, which nobody else writes.")
  .meta(
    rules({
      rule: "self.metadata.name == self.spec.kind.lowerAscii() + '.' + self.spec.name",
      message: "metadata.name must be the kind in lower case, a dot, and spec.name",
    }),
  );
