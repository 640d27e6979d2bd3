import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { parseVariant } from "@cocktail/route";
import { done, found, written } from "../answer.ts";
import type { ApiContext } from "../context.ts";
import { continueToken, pageOf, pageQuery, sendList } from "../list.ts";
import { addOperation } from "../operation.ts";
import { dryRunRequest } from "../schemas/service.ts";
import { environmentName, flag, key, serviceName } from "../schemas/names.ts";
import {
  deleteResult,
  deployRequest,
  deployResult,
  variant,
  variantEnvironment,
} from "../schemas/variant.ts";

const params = z.strictObject({ service: serviceName, key });

/** Where the process listens on 127.0.0.1: its HOST and PORT, and what refers to them. */
const portNumber = z
  .string()
  .regex(/^[1-9][0-9]{0,4}$/, "is not a port")
  .transform(Number)
  .refine((port) => port <= 65_535, "is not a port");

export function addVariants(app: FastifyInstance, context: ApiContext): void {
  addReads(app, context);
  addEnvironment(app, context);
  addChanges(app, context);
}

function addReads(app: FastifyInstance, { lifecycle }: ApiContext): void {
  addOperation(app, {
    method: "GET",
    url: "/v1/variants",
    id: "listVariants",
    summary: "The variants of all services, or of one, or of one environment",
    tag: "variants",
    needsToken: false,
    query: z.strictObject({
      service: serviceName.optional(),
      environment: environmentName.optional(),
      ...pageQuery.shape,
    }),
    answers: {
      200: {
        description: "The matching variants, or one page of them.",
        schema: z.object({ items: z.array(variant), continue: continueToken }),
      },
    },
    handle: ({ query }, { reply }) => {
      const page = pageOf(lifecycle.variantNames(query), (name) => name, query);
      return sendList(reply, page, (name) => {
        const { service = "", key: variantKey = "" } = parseVariant(name) ?? {};
        return lifecycle.variant(service, variantKey);
      });
    },
  });

  addOperation(app, {
    method: "GET",
    url: "/v1/variants/:service/:key",
    id: "getVariant",
    summary: "One variant",
    tag: "variants",
    needsToken: false,
    params,
    answers: { 200: { description: "The variant.", schema: variant } },
    handle: ({ params: { service, key } }) =>
      Promise.resolve(
        found(lifecycle.variant(service, key), `variant ${service}:${key}`, "GET /v1/variants"),
      ),
  });
}

function addEnvironment(app: FastifyInstance, { lifecycle }: ApiContext): void {
  addOperation(app, {
    method: "GET",
    url: "/v1/variants/:service/:key/environment",
    id: "getVariantEnvironment",
    summary: "The variables of a process that is the variant, which may be secret",
    tag: "variants",
    needsToken: true,
    params,
    query: z.strictObject({ port: portNumber.optional() }),
    answers: { 200: { description: "The variables.", schema: variantEnvironment } },
    handle: async ({ params: { service, key }, query: { port } }) => {
      const name = `variant ${service}:${key}`;
      const variables = await lifecycle.variables(service, key, port);
      return { variables: found(variables, name, "GET /v1/variants") };
    },
  });
}

function addChanges(app: FastifyInstance, { lifecycle, actor }: ApiContext): void {
  addOperation(app, {
    method: "POST",
    url: "/v1/variants",
    id: "deployVariant",
    summary: "Deploy a branch, or the release candidate with the key rc",
    tag: "variants",
    needsToken: true,
    body: deployRequest,
    answers: {
      200: { description: "Updated.", schema: deployResult },
      201: { description: "Created.", schema: deployResult },
    },
    handle: async ({ body }, { reply }) =>
      written(reply, done(await lifecycle.deploy(body, actor))),
  });

  addOperation(app, {
    method: "POST",
    url: "/v1/variants/:service/:key/restart",
    id: "restartVariant",
    summary: "Start a variant again, of the same code, beside the incarnation that serves",
    tag: "variants",
    needsToken: true,
    params,
    body: dryRunRequest.default({}),
    answers: { 200: { description: "Stored.", schema: deployResult } },
    handle: async ({ params: { service, key }, body }, { reply }) =>
      written(reply, done(await lifecycle.restart(service, key, body, actor))),
  });

  addOperation(app, {
    method: "DELETE",
    url: "/v1/variants/:service/:key",
    id: "deleteVariant",
    summary: "Destroy a variant (idempotent)",
    tag: "variants",
    needsToken: true,
    params,
    query: z.strictObject({ discard: flag, dryRun: flag }),
    answers: { 200: { description: "Stored, or already absent.", schema: deleteResult } },
    handle: async ({ params: { service, key }, query }) =>
      done(
        await lifecycle.destroy(
          service,
          key,
          { discard: query.discard === "true", dryRun: query.dryRun === "true" },
          actor,
        ),
      ),
  });
}
