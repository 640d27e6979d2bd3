import { type Fields, isFields } from "@cocktail/mesh";
import { z } from "zod";

// Each limit also bounds what the API server estimates a rule to cost: a rule over a text without a limit is refused.

/** A DNS label: the name of a Service of Kubernetes. */
export const label: z.ZodString = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);

/** A key, as `isKey` of the routes has it. */
export const keyPattern = "[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?";
export const key: z.ZodString = z
  .string()
  .min(1)
  .max(40)
  .regex(new RegExp(`^${keyPattern}$`));

/** A DNS subdomain, loosely: what it names may be elsewhere. */
export const host: z.ZodString = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);

/** RFC 3339. The API server accepts more than `Date` reads, such as an offset of +99:99. */
export const dateTime: z.ZodString = z
  .string()
  .max(64)
  .refine((text) => !Number.isNaN(Date.parse(text)), "is not a time that can be read")
  .meta({ format: "date-time" });

/** Ten years: whatever is longer was not meant. */
export const lifetimeSeconds: z.ZodNumber = z
  .int()
  .min(1)
  .max(10 * 365 * 86_400);

export const count: z.ZodNumber = z.int().min(0);

/** A document of the engine as it is: its members are kept, whatever they are. */
export const document = z
  .custom<Fields>(isFields, "is not an object")
  .meta({ type: "object", "x-kubernetes-preserve-unknown-fields": true });
