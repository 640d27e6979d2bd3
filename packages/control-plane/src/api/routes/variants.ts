import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { done, found, written } from "../answer.ts";
import type { ApiContext } from "../context.ts";
import { addOperation } from "../operation.ts";
import { environmentName, flag, key, serviceName } from "../schemas/names.ts";
import { deleteResult, deployRequest, deployResult, variant } from "../schemas/variant.ts";

const params = z.strictObject({ service: serviceName, key });

export function addVariants(app: FastifyInstance, context: ApiContext): void {
  addReads(app, context);
  addChanges(app, context);
}

function addReads(app: FastifyInstance, { lifecycle }: ApiContext): void {
  addOperation(app, {
    method: "GET",
    url: "/v1/variants",
    id: "listVariants",
    summary: "The variants of all services, or of one, or of one environment",
    tag: "variants",
    isChange: false,
    query: z.strictObject({
      service: serviceName.optional(),
      environment: environmentName.optional(),
    }),
    answers: {
      200: { description: "Those that match.", schema: z.object({ items: z.array(variant) }) },
    },
    handle: ({ query }) => Promise.resolve({ items: lifecycle.variants(query) }),
  });

  addOperation(app, {
    method: "GET",
    url: "/v1/variants/:service/:key",
    id: "getVariant",
    summary: "One variant",
    tag: "variants",
    isChange: false,
    params,
    answers: { 200: { description: "The variant.", schema: variant } },
    handle: ({ params: { service, key } }) =>
      Promise.resolve(
        found(lifecycle.variant(service, key), `variant ${service}:${key}`, "cocktail branch list"),
      ),
  });
}

function addChanges(app: FastifyInstance, { lifecycle }: ApiContext): void {
  addOperation(app, {
    method: "POST",
    url: "/v1/variants",
    id: "deployVariant",
    summary: "Deploy a branch, or with the key rc the release candidate",
    tag: "variants",
    isChange: true,
    body: deployRequest,
    answers: {
      200: { description: "Stored; there was one already.", schema: deployResult },
      201: { description: "Stored; it is new.", schema: deployResult },
    },
    handle: async ({ body }, { reply }) => written(reply, done(await lifecycle.deploy(body))),
  });

  addOperation(app, {
    method: "DELETE",
    url: "/v1/variants/:service/:key",
    id: "deleteVariant",
    summary: "Destroy a variant; absent is fine",
    tag: "variants",
    isChange: true,
    params,
    query: z.strictObject({ discard: flag, dryRun: flag }),
    answers: { 200: { description: "Stored, or already absent.", schema: deleteResult } },
    handle: async ({ params: { service, key }, query }) =>
      done(
        await lifecycle.destroy(service, key, {
          discard: query.discard === "true",
          dryRun: query.dryRun === "true",
        }),
      ),
  });
}
