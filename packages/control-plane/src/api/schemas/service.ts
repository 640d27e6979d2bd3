import type { FileChange, Readiness, Service, Status } from "@cocktail/client";
import { z } from "zod";
import { exactly } from "../../schema/exactly.ts";
import { named } from "./registry.ts";

export const service = named(
  "Service",
  exactly<Service>()(
    z.object({
      name: z.string(),
      entry: z.boolean(),
      protocol: z.enum(["auto", "http1", "h2c"]),
      path: z.string().optional(),
      url: z.string().optional(),
      variants: z.array(z.string()),
      promoted: z.boolean(),
    }),
  ),
  "A service and its stable variant.",
);

export const status = named(
  "Status",
  exactly<Status>()(
    z.object({
      name: z.string(),
      version: z.string(),
      domain: z.string(),
      edge: z.string(),
      exposure: z.object({ address: z.string(), urls: z.array(z.string()) }).optional(),
      epoch: z.int(),
      tag: z.string(),
      writable: z.boolean(),
      outdated: z.boolean(),
      startedAt: z.string(),
      recovered: z.array(z.string()),
      services: z.array(service),
    }),
  ),
);

export const readiness = named(
  "Readiness",
  exactly<Readiness>()(z.object({ ready: z.boolean(), reasons: z.array(z.string()) })),
);

export const fileChange = named(
  "FileChange",
  exactly<FileChange>()(
    z.object({
      added: z.array(z.string()),
      changed: z.array(z.string()),
      removed: z.array(z.string()),
      notes: z.array(z.string()),
    }),
  ),
  "What applying the file changes.",
);

export const dryRunRequest = z.strictObject({ dryRun: z.boolean().optional() });

export const promotion = named(
  "Promotion",
  dryRunRequest,
  "Promotes the release candidate to stable.",
);
