import type {
  DeleteResult,
  DeployRequest,
  DeployResult,
  Incarnation,
  LogLine,
  Outcome,
  PlannedAction,
  Source,
  Variant,
  VariantEnvironment,
} from "@cocktail/client";
import { z } from "zod";
import { exactly } from "../../schema/exactly.ts";
import { condition, header } from "./condition.ts";
import {
  absolutePath,
  environmentName,
  httpUrl,
  key,
  seconds,
  serviceName,
  text,
} from "./names.ts";
import { named } from "./registry.ts";

const branch = text(255).min(1);
const variantState = z.enum(["PENDING", "ACTIVE", "SUSPENDED", "DRAINING", "ADOPTED", "GONE"]);
const onUnavailable = z.enum(["Fail", "Fallback"]);

/** https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests */
const digest = text(128).regex(
  /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/,
  "is not a digest such as sha256:...",
);

export const source = named(
  "Source",
  exactly<Source>()(
    z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("service") }),
      z.strictObject({ kind: z.literal("branch"), branch, revision: text(80).optional() }),
      z.strictObject({ kind: z.literal("directory"), path: absolutePath }),
      z.strictObject({ kind: z.literal("url"), url: httpUrl }),
      z.strictObject({
        kind: z.literal("image"),
        image: text(512).min(1),
        digest: digest.optional(),
      }),
    ]),
  ),
  "Where the code of a variant comes from.",
);

const variableName = z
  .string()
  .max(256)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "is not a name of an environment variable");
/** A shell's script has line ends; only NUL can't be handed to a process. */
const argument = z
  .string()
  .max(32_768)
  .regex(/^[^\0]*$/, "has a NUL character");
const variables = z
  .record(variableName, argument)
  .refine((value) => Object.keys(value).length <= 512, "has more than 512 variables");
const command = z
  .array(argument)
  .min(1)
  .max(256)
  .refine(([program]) => program !== "", "names no program");

export const deployRequest = named(
  "DeployRequest",
  exactly<DeployRequest>()(
    z.strictObject({
      service: serviceName,
      key: key.optional(),
      branch: branch.optional(),
      source: source.optional(),
      command: command.optional(),
      env: variables.optional(),
      environment: environmentName.optional(),
      ttlSeconds: seconds.optional(),
      onUnavailable: onUnavailable.optional(),
      replace: z.boolean().optional(),
      dryRun: z.boolean().optional(),
    }),
  ),
  "Give `key`, or `branch` and let the server derive the key.",
);

const incarnation = named(
  "Incarnation",
  exactly<Incarnation>()(
    z.object({
      number: z.int(),
      state: variantState,
      revision: z.string(),
      destination: z.string().optional(),
      pid: z.int().optional(),
      restarts: z.int(),
    }),
  ),
  "One generation of a variant's workload.",
);

export const variant = named(
  "Variant",
  exactly<Variant>()(
    z.object({
      name: z.string(),
      service: z.string(),
      key: z.string(),
      tier: z.enum(["stable", "rc", "branch"]),
      state: variantState,
      revision: z.string(),
      source,
      branch: z.string().optional(),
      directory: z.string().optional(),
      onUnavailable,
      incarnations: z.array(incarnation),
      conditions: z.array(condition),
      environments: z.array(z.string()),
      promoted: z.boolean(),
      createdAt: z.string(),
      expiresAt: z.string().optional(),
      changedBy: z.string().optional(),
      url: z.string().optional(),
      header,
    }),
  ),
);

export const variantEnvironment = named(
  "VariantEnvironment",
  exactly<VariantEnvironment>()(z.object({ variables: z.record(z.string(), z.string()) })),
);

export const outcome = exactly<Outcome>()(
  z.enum(["created", "updated", "unchanged", "deleted", "already absent"]),
);

export const plannedAction = named(
  "PlannedAction",
  exactly<PlannedAction>()(
    z.object({ kind: z.string(), target: z.string(), detail: z.string().optional() }),
  ),
);

export const deployResult = named(
  "DeployResult",
  exactly<DeployResult>()(
    z.object({
      outcome,
      generation: z.int(),
      variant,
      plan: z.array(plannedAction),
      warnings: z.array(z.string()),
    }),
  ),
);

export const deleteResult = named(
  "DeleteResult",
  exactly<DeleteResult>()(
    z.object({ outcome, plan: z.array(plannedAction), warnings: z.array(z.string()) }),
  ),
);

export const logLine = named(
  "LogLine",
  exactly<LogLine>()(
    z.object({
      time: z.string(),
      variant: z.string(),
      incarnation: z.int(),
      stream: z.enum(["stdout", "stderr", "cocktail"]),
      text: z.string(),
    }),
  ),
  "One line of a variant's output.",
);
