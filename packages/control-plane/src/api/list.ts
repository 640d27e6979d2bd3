import { setImmediate as nextTurn } from "node:timers/promises";
import type { FastifyReply } from "fastify";
import { z } from "zod";

/** A page of a list: at most `limit` items, after the place in `continue` of the previous page. */
export const pageQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^[1-9][0-9]{0,5}$/, "is not a number of items")
    .transform(Number)
    .optional(),
  continue: z.string().max(600).optional(),
});
export type PageQuery = z.output<typeof pageQuery>;

export const continueToken = z
  .string()
  .optional()
  .describe("Where the next page starts; absent in the last one.");

export interface Page<T> {
  readonly items: readonly T[];
  readonly continue?: string | undefined;
}

/** `place` orders the items as `all` does, and is the same for an item in every list. */
export function pageOf<T>(
  all: readonly T[],
  place: (item: T) => string,
  query: PageQuery,
): Page<T> {
  const after = query.continue && Buffer.from(query.continue, "base64url").toString("utf8");
  const rest = after === undefined ? all : all.filter((item) => place(item) > after);
  const items = rest.slice(0, query.limit ?? rest.length);
  const last = items.at(-1);
  if (last === undefined || items.length === rest.length) return { items };
  return { items, continue: Buffer.from(place(last), "utf8").toString("base64url") };
}

/** How long a list is written before it yields to other work, in milliseconds. */
const sliceMs = 2;
let lastSlice: Promise<void> = Promise.resolve();

/** One slice per turn of the event loop, however many lists are written concurrently. */
function nextSlice(): Promise<void> {
  lastSlice = lastSlice.then(() => nextTurn());
  return lastSlice;
}

/**
 * Answers with a list that may be long: items are serialised in slices, and other requests are served in between. Only the
 * views of one slice are consistent, as with any paged list.
 */
export async function sendList<T>(
  reply: FastifyReply,
  page: Page<T>,
  view: (item: T) => object | undefined,
): Promise<FastifyReply> {
  const parts: string[] = [];
  await nextSlice();
  let began = performance.now();
  for (const item of page.items) {
    const viewed = view(item);
    if (viewed !== undefined) parts.push(JSON.stringify(viewed));
    if (performance.now() - began < sliceMs) continue;
    await nextSlice();
    began = performance.now();
  }
  const more = page.continue === undefined ? "" : `,"continue":${JSON.stringify(page.continue)}`;
  return reply
    .type("application/json")
    .serializer(String)
    .send(`{"items":[${parts.join(",")}]${more}}`);
}
