import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Explanation } from "@cocktail/client";
import { RC, STABLE } from "@cocktail/route";
import type { Unfixed } from "../../service/lifecycle-service.ts";
import { done, found, written } from "../answer.ts";
import type { ApiContext } from "../context.ts";
import { continueToken, pageOf, pageQuery, sendList } from "../list.ts";
import { addOperation } from "../operation.ts";
import {
  createEnvironment,
  environment,
  environmentDeleteResult,
  environmentResult,
  environmentSpec,
  explanation,
  extendEnvironment,
} from "../schemas/environment.ts";
import { environmentName, flag } from "../schemas/names.ts";
import { conditionFix } from "../texts.ts";

const params = z.strictObject({ name: environmentName });
const list = "GET /v1/environments";

export function addEnvironments(app: FastifyInstance, context: ApiContext): void {
  addReads(app, context);
  addChanges(app, context);
  addDelete(app, context);
}

function addReads(app: FastifyInstance, { lifecycle }: ApiContext): void {
  const read = { method: "GET", tag: "environments", needsToken: false } as const;
  addOperation(app, {
    ...read,
    url: "/v1/environments",
    id: "listEnvironments",
    summary: "All environments: built in, implicit and explicit",
    query: pageQuery,
    answers: {
      200: {
        description: "All environments, or one page.",
        schema: z.object({ items: z.array(environment), continue: continueToken }),
      },
    },
    handle: ({ query }, { reply }) => {
      const page = pageOf(lifecycle.environmentNames(), placeOf, query);
      return sendList(reply, page, (name) => lifecycle.environment(name));
    },
  });
  addOperation(app, {
    ...read,
    url: "/v1/environments/:name",
    id: "getEnvironment",
    summary: "One environment, and which layer serves each service in it",
    params,
    answers: { 200: { description: "The environment.", schema: environment } },
    handle: ({ params: { name } }) =>
      Promise.resolve(found(lifecycle.environment(name), `environment ${name}`, list)),
  });
  addOperation(app, {
    ...read,
    url: "/v1/environments/:name/explain",
    id: "explainEnvironment",
    summary: "Explain why an environment is not ready, with a fix",
    params,
    answers: { 200: { description: "The explanation.", schema: explanation } },
    handle: ({ params: { name } }) =>
      Promise.resolve(explained(found(lifecycle.explain(name), `environment ${name}`, list))),
  });
}

/** Built-in ones come first. */
function placeOf(name: string): string {
  const rank = name === STABLE ? 0 : name === RC ? 1 : 2;
  return `${rank} ${name}`;
}

function explained(explanation: Unfixed): Explanation {
  const { ready, reason, params } = explanation;
  return { ...explanation, fix: ready ? "" : conditionFix(reason, params["variant"] ?? "") };
}

const change = { tag: "environments", needsToken: true } as const;
const stored = { description: "Stored.", schema: environmentResult };

function addChanges(app: FastifyInstance, { lifecycle, actor }: ApiContext): void {
  addOperation(app, {
    ...change,
    method: "POST",
    url: "/v1/environments",
    id: "createEnvironment",
    summary: "Create an environment",
    body: createEnvironment,
    answers: { 200: { ...stored, description: "The plan, with dryRun." }, 201: stored },
    handle: async ({ body }, { reply }) =>
      written(reply, done(await lifecycle.createEnvironment(body, actor))),
  });
  addOperation(app, {
    ...change,
    method: "PUT",
    url: "/v1/environments/:name",
    id: "applyEnvironment",
    summary: "Create or replace an environment",
    params,
    body: environmentSpec,
    answers: { 200: stored, 201: { ...stored, description: "Created." } },
    handle: async ({ params: { name }, body }, { reply }) =>
      written(reply, done(await lifecycle.applyEnvironment(name, body, actor))),
  });
  addOperation(app, {
    ...change,
    method: "POST",
    url: "/v1/environments/:name/extend",
    id: "extendEnvironment",
    summary: "Extend an environment's lifetime",
    params,
    body: extendEnvironment,
    answers: { 200: stored },
    handle: async ({ params: { name }, body: { bySeconds, dryRun } }) =>
      done(await lifecycle.extendEnvironment(name, bySeconds, { dryRun }, actor)),
  });
}

function addDelete(app: FastifyInstance, { lifecycle, actor }: ApiContext): void {
  addOperation(app, {
    ...change,
    method: "DELETE",
    url: "/v1/environments/:name",
    id: "deleteEnvironment",
    summary: "Delete an environment and the variants that only it holds (idempotent)",
    params,
    query: z.strictObject({ keepVariants: flag, discard: flag, dryRun: flag }),
    answers: {
      200: { description: "Stored, or already absent.", schema: environmentDeleteResult },
    },
    handle: async ({ params: { name }, query }) =>
      done(
        await lifecycle.deleteEnvironment(
          name,
          {
            keepVariants: query.keepVariants === "true",
            discard: query.discard === "true",
            dryRun: query.dryRun === "true",
          },
          actor,
        ),
      ),
  });
}
