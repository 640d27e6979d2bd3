import { z } from "zod";
import { mapBy, rules } from "./rules.ts";
import { observed } from "./status.ts";
import { dateTime, host, key, keyPattern, lifetimeSeconds } from "./texts.ts";

const member = z.object({
  service: host.describe("A service."),
  variant: key.describe("The key of its variant that requests of this environment get."),
});

const environmentSpec = z
  .object({
    parent: key
      .default("stable")
      .describe("Where requests go for services that are no members: another environment, or rc."),
    members: z
      .array(member)
      .max(512)
      .default([])
      .describe("The variants that differ from the parent; each service once.")
      .meta(mapBy("service")),
    ttlSeconds: lifetimeSeconds
      .optional()
      .describe("It is deleted so many seconds after its creation."),
    expiresAt: dateTime.optional().describe("When it is deleted. Takes precedence of ttlSeconds."),
    onDelete: z
      .enum(["Destroy", "Discard", "Keep"])
      .optional()
      .describe(
        "What its deletion does to variants that only this environment has: Destroy deletes them except those with uncommitted work, Discard deletes them all, Keep none. Default is Destroy.",
      ),
  })
  .describe("The environment as it is to be.");

const environmentStatus = z
  .object({
    ...observed,
    memberSummary: z.string().optional().describe("How many members it has, such as 2 members."),
  })
  .describe("The environment as it is.");

export const environmentModel = z
  .object({ spec: environmentSpec, status: environmentStatus.optional() })
  .describe(
    "A layer of variants: requests of this environment get its members, and the parent's variants of all other services.",
  )
  .meta(
    rules(
      {
        rule: `self.metadata.name.matches('^${keyPattern}$')`,
        message:
          "metadata.name must have at most 40 lower-case letters, digits and dashes, no dash at the ends",
      },
      {
        rule: "!(self.metadata.name in ['stable', 'rc'])",
        message: "stable and rc are built in: choose another metadata.name",
      },
    ),
  );
