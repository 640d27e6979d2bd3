import { readFile } from "node:fs/promises";
import { until } from "@cocktail/test-support";
import { z } from "zod";

/** Asks a Node process, through its debugger, what it holds after a collection. */
export interface HeapProbe extends Disposable {
  /** Bytes in use, of the heap and outside of it, once everything that may go is gone. */
  used(): Promise<number>;
}

/** For processes that are started with this NODE_OPTIONS: several of them may be debugged at a time. */
export const debuggable = "--inspect-port=0";

const reply = z.object({ id: z.number(), result: z.unknown() });
const usage = z.object({
  usedSize: z.number(),
  embedderHeapUsedSize: z.number().default(0),
  backingStorageSize: z.number().default(0),
});

/** `log` is where the process prints its errors, and so the address of its debugger. */
export async function openHeapProbe(pid: number, log: string): Promise<HeapProbe> {
  process.kill(pid, "SIGUSR1");
  const url = await until(
    "the debugger to listen",
    async () => /Debugger listening on (ws:\S+)/.exec(await readFile(log, "utf8"))?.[1],
  );
  const socket = new WebSocket(url);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.addEventListener("open", () => resolve(), { once: true });
  socket.addEventListener("error", () => reject(new Error(`no debugger at ${url}`)));
  await promise;
  const waiting = new Map<number, (result: unknown) => void>();
  socket.addEventListener("message", ({ data }) => {
    const { data: answer } = reply.safeParse(JSON.parse(String(data)));
    if (answer !== undefined) waiting.get(answer.id)?.(answer.result);
  });
  let last = 0;
  const call = (method: string): Promise<unknown> => {
    const id = ++last;
    socket.send(JSON.stringify({ id, method }));
    return new Promise((settle) => {
      waiting.set(id, (result) => {
        waiting.delete(id);
        settle(result);
      });
    });
  };
  return {
    used: async () => {
      await call("HeapProfiler.collectGarbage");
      const held = usage.parse(await call("Runtime.getHeapUsage"));
      return held.usedSize + held.embedderHeapUsedSize + held.backingStorageSize;
    },
    [Symbol.dispose]: () => socket.close(),
  };
}
