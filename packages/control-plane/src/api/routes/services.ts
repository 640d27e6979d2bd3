import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { done, found, written } from "../answer.ts";
import type { ApiContext } from "../context.ts";
import { continueToken, pageOf, pageQuery, sendList } from "../list.ts";
import { addOperation } from "../operation.ts";
import { serviceName } from "../schemas/names.ts";
import { promotion, dryRunRequest, service } from "../schemas/service.ts";
import { deployResult } from "../schemas/variant.ts";

const params = z.strictObject({ service: serviceName });

export function addServices(app: FastifyInstance, context: ApiContext): void {
  addPromotion(app, context);
  const { lifecycle } = context;
  addOperation(app, {
    method: "GET",
    url: "/v1/services",
    id: "listServices",
    summary: "The services of the cocktail",
    tag: "services",
    needsToken: false,
    query: z.strictObject(pageQuery.shape),
    answers: {
      200: {
        description: "All services, or one page.",
        schema: z.object({ items: z.array(service), continue: continueToken }),
      },
    },
    handle: ({ query }, { reply }) => {
      const all = lifecycle.services();
      const places = new Map(all.map(({ name }, at) => [name, String(at).padStart(6, "0")]));
      return sendList(
        reply,
        pageOf(all, ({ name }) => places.get(name) ?? "", query),
        (each) => each,
      );
    },
  });

  addOperation(app, {
    method: "GET",
    url: "/v1/services/:service",
    id: "getService",
    summary: "One service",
    tag: "services",
    needsToken: false,
    params,
    answers: { 200: { description: "The service.", schema: service } },
    handle: ({ params: { service: name } }) =>
      Promise.resolve(found(lifecycle.service(name), `service ${name}`, "GET /v1/services")),
  });
}

function addPromotion(app: FastifyInstance, { lifecycle, actor }: ApiContext): void {
  addOperation(app, {
    method: "POST",
    url: "/v1/services/:service/promote",
    id: "promoteService",
    summary: "Promote the release candidate to stable, in one epoch",
    tag: "services",
    needsToken: true,
    params,
    body: promotion.default({}),
    answers: { 200: { description: "Stored; stable's next state.", schema: deployResult } },
    handle: async ({ params: { service: name }, body }, { reply }) => {
      const result = done(await lifecycle.promote(name, body, actor));
      return written(reply, { ...result, outcome: result.outcome });
    },
  });
  addOperation(app, {
    method: "POST",
    url: "/v1/services/:service/rollback",
    id: "rollbackService",
    summary: "Undo the last promotion: stable runs again what it ran before",
    tag: "services",
    needsToken: true,
    params,
    body: dryRunRequest.default({}),
    answers: { 200: { description: "Stored; stable's next state.", schema: deployResult } },
    handle: async ({ params: { service: name }, body }, { reply }) =>
      written(reply, done(await lifecycle.rollback(name, body, actor))),
  });
}
