import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import type { LogQuery } from "../../engine/platform.ts";
import { found } from "../answer.ts";
import type { ApiContext } from "../context.ts";
import { addOperation } from "../operation.ts";
import { flag, key, serviceName } from "../schemas/names.ts";
import { logLine } from "../schemas/variant.ts";

/** Empty lines are heartbeats, so that a client can tell a quiet log from a dead connection. */
const format = { contentType: "application/x-ndjson", heartbeat: "\n" };
const tail = z
  .string()
  .regex(/^[0-9]{1,6}$/, "is not a number of lines")
  .transform(Number)
  .optional();
const defaultTail = 100;

export function addLogs(app: FastifyInstance, context: ApiContext): void {
  const { lifecycle } = context;
  const read = { method: "GET", tag: "variants", needsToken: true } as const;
  const answers = {
    200: {
      description: "One LogLine per line; empty lines are heartbeats.",
      schema: logLine,
      mediaType: format.contentType,
    },
  };
  addOperation(app, {
    ...read,
    url: "/v1/variants/:service/:key/logs",
    id: "readVariantLogs",
    summary: "The output of one variant",
    params: z.strictObject({ service: serviceName, key }),
    query: z.strictObject({ follow: flag, tail }),
    answers,
    handle: ({ params, query }, { reply }) => {
      const { service } = params;
      const name = `variant ${service}:${params.key}`;
      found(lifecycle.variant(service, params.key), name, "GET /v1/variants");
      sendLogs(context, reply, { ...params, ...linesOf(query) });
      return Promise.resolve(undefined);
    },
  });
  addOperation(app, {
    ...read,
    url: "/v1/logs",
    id: "readLogs",
    summary: "The output of all variants, or of one service's",
    query: z.strictObject({ service: serviceName.optional(), follow: flag, tail }),
    answers,
    handle: ({ query }, { reply }) => {
      const { service } = query;
      if (service !== undefined)
        found(lifecycle.service(service), `service ${service}`, "GET /v1/services");
      sendLogs(context, reply, { service, ...linesOf(query) });
      return Promise.resolve(undefined);
    },
  });
}

function linesOf(query: {
  readonly follow?: "true" | "false" | undefined;
  readonly tail?: number | undefined;
}): Pick<LogQuery, "follow" | "tail"> {
  return { follow: query.follow === "true", tail: query.tail ?? defaultTail };
}

function sendLogs({ platform, streams }: ApiContext, reply: FastifyReply, query: LogQuery): void {
  streams.run("logs", reply, format, async (writer, signal) => {
    for await (const line of platform.logs({ ...query, signal })) {
      if (signal.aborted) return;
      await writer.write(`${JSON.stringify(line)}\n`);
    }
  });
}
