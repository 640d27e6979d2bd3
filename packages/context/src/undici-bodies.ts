import { Readable } from "node:stream";
import type { ActiveContext } from "./context.ts";
import { shared } from "./shared-state.ts";

/** A request of undici, which reads its body when it sends it. */
export interface RequestWithBody {
  body?: unknown;
}

/**
 * Lets a body that is made while it is sent, by a generator or a stream, be made in the context of the call. A call that
 * waits for a connection is sent in that of the request before it, and what its body needs would be fetched with that
 * one's route.
 */
export function makeBodyInContext(
  request: RequestWithBody,
  context: ActiveContext | undefined,
): void {
  const { body } = request;
  if (body === undefined || body === null) return;
  if (body instanceof Readable) {
    const { read } = body;
    body.read = (size) => shared.storage.run(context, () => read.call(body, size) as unknown);
  } else if (isAsyncIterable(body)) request.body = iterateInContext(body, context);
}

function iterateInContext(
  body: AsyncIterable<unknown>,
  context: ActiveContext | undefined,
): AsyncIterable<unknown> {
  const { storage } = shared;
  return {
    [Symbol.asyncIterator]: () => {
      const parts = storage.run(context, () => body[Symbol.asyncIterator]());
      return {
        next: () => storage.run(context, () => parts.next()),
        return: (value: unknown) =>
          storage.run(
            context,
            async () => (await parts.return?.(value)) ?? { done: true, value: undefined },
          ),
      };
    },
  };
}

function isAsyncIterable(body: object): body is AsyncIterable<unknown> {
  return Symbol.asyncIterator in body && typeof body[Symbol.asyncIterator] === "function";
}
