import { isKey, isServiceName, parseTableId } from "@cocktail/route";
import { z } from "zod";

const maxText = 4096;

export const serviceName = z
  .string()
  .max(253)
  .refine(isServiceName, "is not a service name: lower-case letters, digits, - and .")
  .describe("A DNS-1123 subdomain, lower case.");

export const key = z
  .string()
  .max(40)
  .refine(isKey, "is not a key: at most 40 lower-case letters, digits and -, no - at the ends")
  .describe("A DNS label of at most 40 characters, lower case.");

export const environmentName = key.describe("The name of an environment: a key.");

/** Text that ends up in a file's name, a command line or an environment: no control characters. */
export const text = (max: number = maxText): z.ZodString =>
  z
    .string()
    .max(max)
    // oxlint-disable-next-line no-control-regex -- they are what is refused
    .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, "has control characters");

export const absolutePath = text().startsWith("/", "is not an absolute path");

export const httpUrl = text(2048).refine(
  (value) => /^https?:$/.test(URL.parse(value)?.protocol ?? ""),
  "is not an http or https URL",
);

/** Ten years: whatever is longer was not meant. */
export const seconds = z
  .int()
  .min(1)
  .max(10 * 365 * 86_400);

/** A flag in a query. */
export const flag = z.enum(["true", "false"]).optional();

export const epoch = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,15})$/, "is not an epoch: a whole number")
  .transform(Number)
  .refine(Number.isSafeInteger, "is not an epoch: a whole number");

export const lastEventId = z
  .string()
  .optional()
  .transform((value) => (value === undefined ? undefined : parseTableId(value)));
