import { formatTableId, type RouteTable } from "@cocktail/route";
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import { found } from "../answer.ts";
import type { ApiContext } from "../context.ts";
import { addOperation, type Exchange } from "../operation.ts";
import { resolveAll } from "../resolution.ts";
import { epoch, lastEventId } from "../schemas/names.ts";
import { resolveRequest, resolveResult } from "../schemas/resolution.ts";
import { routeTable } from "../schemas/route-table.ts";
import { tableStreamFormat, tableText, writeTables } from "../streaming/table-stream.ts";

const read = { tag: "routes", needsToken: false } as const;

const ifNoneMatch = z.object({
  "if-none-match": z.string().optional().describe("The ETag of the table that the client holds."),
});
const notModified = { description: "The table has the ETag of `If-None-Match`." } as const;

export function addTables(app: FastifyInstance, context: ApiContext): void {
  const { tables } = context;
  addOperation(app, {
    ...read,
    method: "GET",
    url: "/v1/route-table",
    id: "getRouteTable",
    summary: "The route table",
    headers: ifNoneMatch,
    answers: {
      200: { description: "The head; its ETag is `<epoch>-<tag>`.", schema: routeTable },
      304: notModified,
    },
    handle: async (_, exchange) => sendTable(exchange, await tables.head()),
  });
  addOperation(app, {
    ...read,
    method: "GET",
    url: "/v1/route-table/:epoch",
    id: "getRouteTableAt",
    summary: "The route table of an epoch, down to the history floor",
    params: z.strictObject({ epoch }),
    headers: ifNoneMatch,
    answers: { 200: { description: "The table.", schema: routeTable }, 304: notModified },
    handle: async ({ params }, exchange) =>
      sendTable(exchange, atEpoch(await tables.at(params.epoch), params.epoch)),
  });
  addStream(app, context);
  addResolve(app, context);
}

function addStream(app: FastifyInstance, { tables, streams }: ApiContext): void {
  addOperation(app, {
    ...read,
    method: "GET",
    url: "/v1/route-table/stream",
    id: "streamRouteTable",
    summary: "The route table and every later one, as server-sent events",
    headers: z.object({
      "last-event-id": z.string().optional().describe("`<epoch>-<tag>` of the last event."),
    }),
    answers: {
      200: {
        description:
          "Events `table` with the id `<epoch>-<tag>` and a whole route table as data. `Last-Event-ID` resumes.",
        schema: z.string(),
        mediaType: "text/event-stream",
      },
    },
    handle: ({ query: _ }, { request, reply }) => {
      const from = lastEventId.safeParse(request.headers["last-event-id"]).data;
      streams.run("table", reply, tableStreamFormat, (writer, signal) =>
        writeTables(tables, from, writer, signal),
      );
      return Promise.resolve(undefined);
    },
  });
}

function addResolve(app: FastifyInstance, { lifecycle, tables }: ApiContext): void {
  addOperation(app, {
    ...read,
    method: "POST",
    url: "/v1/resolve",
    id: "resolveRoute",
    summary: "Resolve a route to the variant of each service",
    body: resolveRequest,
    answers: { 200: { description: "The resolution.", schema: resolveResult } },
    handle: async ({ body }) => {
      const table =
        body.epoch === undefined
          ? lifecycle.table()
          : atEpoch(await tables.at(body.epoch), body.epoch);
      const known = new Set([
        ...lifecycle.services().map(({ name }) => name),
        ...Object.keys(table.services),
      ]);
      if (body.service !== undefined && !known.has(body.service)) {
        return found(undefined, `service ${body.service}`, "GET /v1/services");
      }
      return resolveAll(table, body, [...known].toSorted());
    },
  });
}

function atEpoch(table: RouteTable | undefined, epoch: number): RouteTable {
  return found(
    table,
    `route table of epoch ${epoch} (above the head, or below the history floor)`,
    "GET /v1/route-table gives the head's epoch and the floor",
  );
}

/** Serialised once per table and not validated: `readTable` accepted it when it was stored. */
function sendTable({ request, reply }: Exchange, table: RouteTable): FastifyReply {
  const tag = `"${formatTableId(table)}"`;
  void reply.header("etag", tag).header("cache-control", "no-cache");
  if (request.headers["if-none-match"] === tag) return reply.code(304).send();
  return reply.type("application/json").serializer(String).send(tableText(table));
}
