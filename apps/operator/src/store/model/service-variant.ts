import { z } from "zod";
import { mapBy, rules } from "./rules.ts";
import { observed } from "./status.ts";
import { count, dateTime, document, host, key, label, lifetimeSeconds } from "./texts.ts";

const cannotChange = (field: string) =>
  rules({ rule: "self == oldSelf", message: `${field} can't be changed: create another object` });

// Loose where a later version may add what an operator of this version must keep.
const destination = z
  .looseObject({
    host: host.describe("A DNS name that the cluster resolves, such as that of a Service."),
    port: z.int().min(1).max(65_535).describe("Its port."),
  })
  .describe("Requests of the variant go here. Nothing is deployed.");

const environmentVariable = z.looseObject({
  name: z.string().min(1).max(253).describe("Its name."),
  value: z.string().max(32_768).default("").describe("Its value."),
});

const fork = z
  .looseObject({
    image: z.string().min(1).max(1024).optional().describe("The image of its container."),
    env: z
      .array(environmentVariable)
      .max(256)
      .optional()
      .describe("Environment variables, in addition to those of stable or in place of them.")
      .meta(mapBy("name")),
    replicas: z.int().min(0).max(1000).optional().describe("How many pods. Default is 1."),
  })
  .describe("A copy of the workload of stable that differs in this.");

const internal = z
  .looseObject({
    madeFor: z.string().max(253).optional(),
    entryHash: z.string().max(1024).optional(),
    promotion: z
      .object({
        candidate: z.object({ uid: z.string().max(253), rollout: count }),
        before: document.optional(),
        revision: z.string().max(4096),
        at: z.int(),
      })
      .optional(),
    discard: z.boolean().optional(),
    source: document.optional(),
  })
  .describe("Written by the operator alone.");

export const variantSpec = z
  .object({
    service: label
      .describe("The service that this is a variant of. Can't be changed.")
      .meta(cannotChange("service")),
    variant: key
      .describe(
        "Its key: requests whose route names it for this service are answered by this variant. At most 40 lower-case letters, digits and dashes. Can't be changed.",
      )
      .meta(cannotChange("variant")),
    rollout: z
      .int()
      .min(1)
      // Far from where counting on would end.
      .max(1_000_000_000)
      .optional()
      .describe("Raise it to deploy the same source again, because the code behind it is another."),
    branch: z.string().max(1024).optional().describe("The raw name of the branch it is made of."),
    onUnavailable: z
      .enum(["Fail", "Fallback"])
      .default("Fail")
      .describe(
        "What becomes of a request while the variant can't answer: an error, or an answer of the next layer.",
      ),
    endpoints: z
      .array(z.string().min(1).max(253))
      .max(64)
      .optional()
      .describe("Names of the endpoints that it answers. Default is all of them."),
    ttlSeconds: lifetimeSeconds
      .optional()
      .describe("It is deleted so many seconds after its creation."),
    expiresAt: dateTime.optional().describe("When it is deleted. Takes precedence of ttlSeconds."),
    destination: destination.optional(),
    fork: fork.optional(),
    internal: internal.optional(),
  })
  .describe(
    "The variant as it is to be. Without destination and fork it is made of pods that somebody else deploys, with the labels cocktail.dev/service and cocktail.dev/variant.",
  )
  .meta(
    rules({
      rule: "!(has(self.destination) && has(self.fork))",
      message: "destination and fork exclude each other: set one of them, or none",
    }),
  );

const incarnation = z.object({
  number: count,
  rollout: count,
  state: z.string(),
  revision: z.string(),
  destination: z.string().optional(),
  host: z.string(),
  onUnavailable: z.enum(["Fail", "Fallback"]),
  endpoints: z.array(z.string()).optional(),
  createdAt: dateTime,
  failure: z.object({ reason: z.string(), message: z.string(), at: dateTime }).optional(),
});

export const variantStatus = z
  .object({
    ...observed,
    incarnations: z
      .array(incarnation)
      .optional()
      .describe("What was deployed for it and is not gone yet; the newest last.")
      .meta(mapBy("number")),
    lastIncarnation: count.optional().describe("The highest number of an incarnation so far."),
    revision: z.string().optional().describe("The revision of the code that answers."),
    rolloutOf: z
      .object({
        hash: z.string().describe("Of the source of the spec."),
        number: count.describe("The rollout that this source is."),
      })
      .optional()
      .describe("The rollout that the incarnations were planned for."),
  })
  .describe("The variant as it is.");

const rule = "self.metadata.name == self.spec.service + '.' + self.spec.variant";
export const variantModel = z
  .object({ spec: variantSpec, status: variantStatus.optional() })
  .describe(
    "A variant of a service: code that answers the requests whose route names it. The object's name is SERVICE.VARIANT.",
  )
  .meta(
    rules({
      rule,
      message: "metadata.name must be <spec.service>.<spec.variant>",
      messageExpression:
        "'metadata.name must be <spec.service>.<spec.variant>, here ' + self.spec.service + '.' + self.spec.variant",
    }),
  );

export type VariantFields = z.output<typeof variantSpec>;
export type VariantStatusFields = z.output<typeof variantStatus>;

/** A fork that the API server gives back as it was written: no member that it drops, refuses or adds. */
export const writableFork = z.strictObject({
  ...fork.shape,
  env: z
    .array(z.strictObject({ ...environmentVariable.shape, value: z.string().max(32_768) }))
    .max(256)
    .refine((list) => new Set(list.map(({ name }) => name)).size === list.length)
    .optional(),
});
export const writableDestination = z.strictObject(destination.shape);
