import type { ResolvedService, ResolveRequest, ResolveResult } from "@cocktail/client";
import { type Missed, type Rejection, rejectionReasons } from "@cocktail/route";
import { z } from "zod";
import { exactly } from "../../schema/exactly.ts";
import { serviceName } from "./names.ts";
import { named } from "./registry.ts";

/** Longer than any header that counts: what is over the limit of the grammar is answered as rejected. */
const field = z.string().max(16_384);

export const resolveRequest = named(
  "ResolveRequest",
  exactly<ResolveRequest>()(
    z.strictObject({
      pins: field.optional(),
      environment: field.optional(),
      mode: field.optional(),
      service: serviceName.optional(),
      epoch: z.int().min(0).optional(),
    }),
  ),
);

const missed = named(
  "Missed",
  exactly<Missed>()(
    z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("pin"), service: z.string(), key: z.string() }),
      z.object({ kind: z.literal("environment"), environment: z.string() }),
      z.object({
        kind: z.literal("member"),
        environment: z.string(),
        service: z.string(),
        key: z.string(),
      }),
    ]),
  ),
  "A pin, member or environment of the route that is not live.",
);

const rejection = named(
  "Rejection",
  exactly<Rejection>()(
    z.object({
      field: z.enum(["pins", "environment", "mode"]),
      reason: z.enum(rejectionReasons),
      text: z.string(),
    }),
  ),
  "A rejected part of a field.",
);

const resolvedService = named(
  "ResolvedService",
  exactly<ResolvedService>()(
    z.object({
      service: z.string(),
      variant: z.string().optional(),
      via: z.enum(["pin", "environment", "stable", "none"]),
      layer: z.string().optional(),
      missed: z.array(missed),
    }),
  ),
);

export const resolveResult = named(
  "ResolveResult",
  exactly<ResolveResult>()(
    z.object({
      epoch: z.int(),
      canonical: z.object({ pins: z.string().optional(), environment: z.string().optional() }),
      rejected: z.array(rejection),
      services: z.array(resolvedService),
    }),
  ),
);
