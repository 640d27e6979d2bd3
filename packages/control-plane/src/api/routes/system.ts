import type { FastifyInstance } from "fastify";
import type { Registry } from "prom-client";
import { z } from "zod";
import type { ApiContext } from "../context.ts";
import { addOperation } from "../operation.ts";
import { ProblemError } from "../problems.ts";
import { dryRunRequest, fileChange, readiness, status } from "../schemas/service.ts";

const read = { method: "GET", tag: "system", needsToken: false } as const;

export function addSystem(app: FastifyInstance, context: ApiContext, metrics: Registry): void {
  const { about, lifecycle, store } = context;
  addOperation(app, {
    ...read,
    url: "/v1/status",
    id: "getStatus",
    summary: "Status of the cocktail",
    answers: { 200: { description: "Its status.", schema: status } },
    handle: () => {
      const { epoch, tag } = lifecycle.table();
      const services = lifecycle.services();
      return Promise.resolve({ ...about(), epoch, tag, writable: store.available, services });
    },
  });
  addApply(app, context);
  addMetrics(app, metrics);
  addProbes(app, context);
}

function addApply(app: FastifyInstance, { applyFile }: ApiContext): void {
  addOperation(app, {
    method: "POST",
    url: "/v1/apply",
    id: "applyFile",
    summary: "Apply the changed file: add, change and remove services without touching the others",
    tag: "system",
    needsToken: true,
    body: dryRunRequest.default({}),
    answers: { 200: { description: "What changed.", schema: fileChange } },
    handle: async ({ body }) => {
      const applied = await applyFile?.(body.dryRun === true);
      const fix = "change the services where they are written";
      if (applied === undefined)
        throw new ProblemError("NOT_FOUND", { detail: "this cocktail runs from no file", fix });
      if (applied.kind === "invalid") throw new ProblemError("INVALID", applied);
      return applied.change;
    },
  });
}

function addProbes(app: FastifyInstance, context: ApiContext): void {
  addOperation(app, {
    ...read,
    url: "/healthz",
    id: "getHealth",
    summary: "Liveness",
    answers: { 200: { description: "Alive.", schema: z.object({ status: z.literal("ok") }) } },
    handle: () => Promise.resolve({ status: "ok" }),
  });
  addOperation(app, {
    ...read,
    url: "/readyz",
    id: "getReadiness",
    summary: "Readiness: restored variants are served, and changes are accepted",
    answers: {
      200: { description: "Ready.", schema: readiness },
      503: { description: "Not ready, with reasons.", schema: readiness },
    },
    handle: (_, { reply }) => {
      const answer = context.readiness();
      void reply.code(answer.ready ? 200 : 503);
      return Promise.resolve(answer);
    },
  });
}

function addMetrics(app: FastifyInstance, metrics: Registry): void {
  addOperation(app, {
    ...read,
    url: "/metrics",
    id: "getMetrics",
    summary: "Metrics in Prometheus format",
    answers: {
      200: { description: "All metrics.", schema: z.string(), mediaType: "text/plain" },
    },
    handle: async (_, { reply }) =>
      reply
        .type(metrics.contentType)
        .serializer(String)
        .send(await metrics.metrics()),
  });
}
