import type { WatchEvent } from "@cocktail/client";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { LifecycleService } from "../../service/lifecycle-service.ts";
import { Wakers } from "../../store/wakers.ts";
import type { ApiContext } from "../context.ts";
import { addOperation } from "../operation.ts";
import type { StreamWriter } from "../streaming/stream-writer.ts";
import { tableStreamFormat } from "../streaming/table-stream.ts";

export function addWatch(app: FastifyInstance, { lifecycle, streams }: ApiContext): void {
  addOperation(app, {
    method: "GET",
    url: "/v1/watch",
    id: "watchObjects",
    summary: "Every change of a service, variant or environment, as server-sent events",
    tag: "system",
    needsToken: false,
    answers: {
      200: {
        description:
          "Events `change` with a WatchEvent as data. List the objects after the first byte, so that no change is missed. A slow reader gets the newest change of each object.",
        schema: z.string(),
        mediaType: "text/event-stream",
      },
    },
    handle: (_, { reply }) => {
      streams.run("watch", reply, tableStreamFormat, (writer, signal) =>
        writeChanges(lifecycle, writer, signal),
      );
      return Promise.resolve(undefined);
    },
  });
}

async function writeChanges(
  lifecycle: Pick<LifecycleService, "onChange">,
  writer: StreamWriter,
  signal: AbortSignal,
): Promise<void> {
  const waiting = new Map<string, WatchEvent>();
  const wakers = new Wakers();
  const unsubscribe = lifecycle.onChange((event) => {
    if (event === undefined || event.object.kind === "Ledger") return;
    const { kind, name, version } = event.object;
    waiting.set(`${kind} ${name}`, { kind, name, version, change: event.change });
    wakers.wake();
  });
  try {
    while (!signal.aborted) {
      const [next] = waiting;
      if (next === undefined) {
        await wakers.next(signal);
        continue;
      }
      waiting.delete(next[0]);
      await writer.write(`event: change\ndata: ${JSON.stringify(next[1])}\n\n`);
    }
  } finally {
    unsubscribe();
  }
}
