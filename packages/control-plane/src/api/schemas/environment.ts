import type {
  CreateEnvironment,
  Environment,
  EnvironmentDeleteResult,
  EnvironmentMember,
  EnvironmentResult,
  EnvironmentSpec,
  Explanation,
} from "@cocktail/client";
import { z } from "zod";
import { exactly } from "../../schema/exactly.ts";
import { condition, header } from "./condition.ts";
import { environmentName, key, seconds, serviceName } from "./names.ts";
import { named } from "./registry.ts";
import { outcome, plannedAction } from "./variant.ts";

const spec = z.strictObject({
  parent: environmentName.optional(),
  members: z
    .record(serviceName, key)
    .refine((value) => Object.keys(value).length <= 1_000, "has more than 1,000 members")
    .optional(),
  ttlSeconds: seconds.optional(),
  dryRun: z.boolean().optional(),
});

export const environmentSpec = named("EnvironmentSpec", exactly<EnvironmentSpec>()(spec));

export const createEnvironment = named(
  "CreateEnvironment",
  exactly<CreateEnvironment>()(spec.extend({ name: environmentName })),
);

export const extendEnvironment = named(
  "ExtendEnvironment",
  z.strictObject({ bySeconds: seconds, dryRun: z.boolean().optional() }),
);

const member = named(
  "EnvironmentMember",
  exactly<EnvironmentMember>()(
    z.object({ service: z.string(), key: z.string(), layer: z.string(), live: z.boolean() }),
  ),
);

export const environment = named(
  "Environment",
  exactly<Environment>()(
    z.object({
      name: z.string(),
      kind: z.enum(["BuiltIn", "Implicit", "Explicit"]),
      parent: z.string().optional(),
      url: z.string().optional(),
      header,
      epoch: z.int(),
      expiresAt: z.string().optional(),
      createdAt: z.string().optional(),
      changedBy: z.string().optional(),
      conditions: z.array(condition),
      members: z.array(member),
      inherited: z.array(member),
    }),
  ),
);

export const environmentResult = named(
  "EnvironmentResult",
  exactly<EnvironmentResult>()(
    z.object({
      outcome,
      environment,
      plan: z.array(plannedAction),
      warnings: z.array(z.string()),
    }),
  ),
);

export const environmentDeleteResult = named(
  "EnvironmentDeleteResult",
  exactly<EnvironmentDeleteResult>()(
    z.object({
      outcome,
      plan: z.array(plannedAction),
      warnings: z.array(z.string()),
      variants: z.array(z.string()),
    }),
  ),
);

export const explanation = named(
  "Explanation",
  exactly<Explanation>()(
    z.object({
      ready: z.boolean(),
      reason: z.string(),
      cause: z.string(),
      params: z.record(z.string(), z.string()),
      blocks: z.array(z.string()),
      fix: z.string(),
      environment,
    }),
  ),
);
