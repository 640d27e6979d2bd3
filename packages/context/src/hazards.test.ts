import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { after, before, beforeEach, describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import DataLoader from "dataloader";
import { Agent, cacheStores, type Dispatcher, interceptors, request } from "undici";
import {
  bind,
  contextFrom,
  current,
  headers,
  install,
  outside,
  perContext,
  type RouteContext,
  run,
  uninstall,
  withRoute,
} from "./index.ts";
import { call, echo, fetchEcho, next, type Running, serve } from "../test/servers.ts";

/**
 * Where Node's asynchronous context ends, each as the loss and the remedy: docs/guides/context-hazards.md tells the same
 * in the same order. Two requests are in progress at once, `first` and `second`; what each gets back is the pin that a
 * downstream service saw in the call made for it.
 */
describe("hazard", () => {
  let downstream: Running;

  before(async () => {
    downstream = await serve(echo);
    install({ hosts: [downstream.host] });
  });
  after(async () => {
    uninstall();
    await downstream[Symbol.asyncDispose]();
  });

  /** What every service does somewhere: calls another one. */
  async function pay(): Promise<string> {
    return String((await fetchEcho(downstream.url)).headers["x-service-route"] ?? "none");
  }

  /** Sends `first` and `second` at once, each with its own pin, and returns what both were answered. */
  async function answers(handle: () => Promise<unknown>): Promise<readonly [string, string]> {
    await using front = await serve(
      withRoute((_request, response) => {
        handle().then(
          (value) => response.end(String(value)),
          (error: unknown) => response.writeHead(500).end(String(error)),
        );
      }),
    );
    const ask = (key: string) =>
      call(front.url, { headers: { "x-service-route": `payment:${key}` } });
    const [first, second] = await Promise.all([ask("first"), ask("second")]);
    return [first.body, second.body];
  }

  const right = ["payment:first", "payment:second"];

  describe("queue", () => {
    /** A queue with one worker, which runs jobs in whatever context it was started in. */
    class Queue<T> {
      readonly #jobs: T[] = [];
      readonly #wake = new EventEmitter();

      push(job: T): void {
        this.#jobs.push(job);
        this.#wake.emit("job");
      }

      async work(handle: (job: T) => Promise<void>, jobs: number): Promise<void> {
        for (let done = 0; done < jobs; done++) {
          if (this.#jobs.length === 0) await once(this.#wake, "job");
          const job = this.#jobs.shift();
          if (job !== undefined) await handle(job);
        }
      }
    }
    type Job = PromiseWithResolvers<string> & { readonly context?: RouteContext };

    it("loses the route: a job runs in the context of the worker", async () => {
      const queue = new Queue<Job>();
      const working = queue.work(async (job) => job.resolve(await pay()), 2);
      const got = await answers(() => {
        const job: Job = Promise.withResolvers<string>();
        queue.push(job);
        return job.promise;
      });
      await working;
      assert.deepEqual(got, ["none", "none"]);
    });

    it("remedy: put the context into the job, and run the job with it", async () => {
      const queue = new Queue<Job>();
      const working = queue.work(async (job) => {
        job.resolve(await run(job.context ?? current(), pay));
      }, 2);
      const got = await answers(() => {
        const job: Job = { ...Promise.withResolvers<string>(), context: current() };
        queue.push(job);
        return job.promise;
      });
      await working;
      assert.deepEqual(got, right);
    });
  });

  describe("batching loader", () => {
    // Both requests have to ask in one turn to get into one batch: a gate lets them pass together.
    let gate: () => Promise<void>;
    beforeEach(() => {
      let waiting = 0;
      const open = Promise.withResolvers<void>();
      gate = () => {
        if (++waiting === 2) open.resolve();
        return open.promise;
      };
    });
    const batch = async (keys: readonly string[]): Promise<string[]> => {
      const seen = await pay();
      return keys.map(() => seen);
    };

    it("mixes routes: one batch runs in the context of whoever asked first", async () => {
      const loader = new DataLoader(batch);
      const got = await answers(async () => {
        await gate();
        return loader.load(current().key);
      });
      assert.equal(got[0], got[1], "both were answered by one call");
      assert.notDeepEqual(got, right);
    });

    it("remedy: one loader for each request", async () => {
      const loader = perContext(() => new DataLoader(batch));
      const got = await answers(async () => {
        await gate();
        return loader().load(current().key);
      });
      assert.deepEqual(got, right);
    });

    it("remedy for batches across requests: one call for each route in the batch", async () => {
      const calls: string[] = [];
      const loader = new DataLoader<RouteContext, string, RouteContext>(async (contexts) => {
        const byRoute = Map.groupBy(contexts, ({ key }) => key);
        const answered = new Map<string, string>();
        for (const [key, [context]] of byRoute) {
          calls.push(key);
          if (context !== undefined) answered.set(key, await run(context, pay));
        }
        return contexts.map(({ key }) => answered.get(key) ?? "missing");
      });
      const got = await answers(async () => {
        await gate();
        return loader.load(current());
      });
      assert.deepEqual(got, right);
      assert.deepEqual(calls.toSorted(), right);
    });
  });

  describe("pool", () => {
    /** One connection. Who waits for it is called back by whoever gives it back. */
    class Pool {
      #free = true;
      readonly #waiting: (() => void)[] = [];

      acquire(use: () => void): void {
        if (this.#free) {
          this.#free = false;
          use();
        } else this.#waiting.push(use);
      }

      release(): void {
        const next = this.#waiting.shift();
        if (next === undefined) this.#free = true;
        else next();
      }
    }

    /** Both hold the connection for a while, so that one has to wait for the other. */
    const query = (pool: Pool, wrap: (use: () => void) => () => void): Promise<string> =>
      new Promise((resolve, reject) => {
        const use = async (): Promise<void> => {
          const seen = await pay();
          pool.release();
          resolve(seen);
        };
        pool.acquire(wrap(() => void use().catch(reject)));
      });

    it("mixes routes: who had to wait goes on in the context of who gave the connection back", async () => {
      const pool = new Pool();
      const got = await answers(() => query(pool, (use) => use));
      assert.equal(got[0], got[1]);
    });

    it("remedy: bind the callback", async () => {
      const pool = new Pool();
      assert.deepEqual(await answers(() => query(pool, bind)), right);
    });

    it("remedy: wait with a promise, which always goes on where it was awaited", async () => {
      const pool = new Pool();
      const got = await answers(async () => {
        await new Promise<void>((free) => pool.acquire(free));
        const seen = await pay();
        pool.release();
        return seen;
      });
      assert.deepEqual(got, right);
    });
  });

  describe("emitter", () => {
    const heard = (emitter: EventEmitter, wrap: (use: () => void) => () => void): Promise<string> =>
      new Promise((resolve, reject) => {
        emitter.once(
          "ready",
          wrap(() => {
            pay().then(resolve, reject);
          }),
        );
        // Emitted by nobody's request, as by a socket or a change feed.
        if (emitter.listenerCount("ready") === 2)
          outside(() => setImmediate(() => emitter.emit("ready")));
      });

    it("loses the route: a listener runs in the context of whoever emits", async () => {
      const emitter = new EventEmitter();
      assert.deepEqual(await answers(() => heard(emitter, (use) => use)), ["none", "none"]);
    });

    it("remedy: bind the listener", async () => {
      const emitter = new EventEmitter();
      assert.deepEqual(await answers(() => heard(emitter, bind)), right);
    });

    it("remedy: await once()", async () => {
      const emitter = new EventEmitter();
      const got = await answers(async () => {
        const ready = once(emitter, "ready");
        if (emitter.listenerCount("ready") === 2)
          outside(() => setImmediate(() => emitter.emit("ready")));
        await ready;
        return pay();
      });
      assert.deepEqual(got, right);
    });
  });

  describe("worker thread", () => {
    const ask = async (job: object): Promise<string> => {
      const worker = new Worker(new URL("../test/__fixtures__/worker.ts", import.meta.url), {
        execArgv: ["--conditions=@cocktail/source"],
      });
      try {
        worker.postMessage({ url: downstream.url, ...job });
        return await next<string>(worker, "message");
      } finally {
        await worker.terminate();
      }
    };

    it("loses the route: a context doesn't cross to another thread or process", async () => {
      assert.deepEqual(await answers(() => ask({})), ["none", "none"]);
    });

    it("remedy: send headers(), and run with what contextFrom makes of them", async () => {
      assert.deepEqual(await answers(() => ask({ headers: headers() })), right);
    });
  });

  describe("timer", () => {
    /** Made by the first request that needs it, and used by all. Its ticks refresh something by a call. */
    class Refresher {
      readonly #seen = new EventEmitter();
      readonly #timer = setInterval(() => {
        void pay().then((seen) => this.#seen.emit("seen", seen));
      }, 1);

      async next(): Promise<string> {
        return next<string>(this.#seen, "seen");
      }

      stop(): void {
        clearInterval(this.#timer);
      }
    }

    it("keeps the route of the request that started it, forever", async () => {
      let refresher: Refresher | undefined;
      await answers(async () => {
        refresher ??= new Refresher();
      });
      const seen = await refresher?.next();
      refresher?.stop();
      assert.notEqual(seen, "none", "long after both requests it is still one of them");
    });

    it("remedy: make it outside", async () => {
      let refresher: Refresher | undefined;
      await answers(async () => {
        refresher ??= outside(() => new Refresher());
      });
      const seen = await refresher?.next();
      refresher?.stop();
      assert.equal(seen, "none");
    });
  });

  describe("cache", () => {
    /** The second request comes when the first has been answered. */
    async function oneAfterTheOther(keyOf: () => string): Promise<readonly string[]> {
      const cache = new Map<string, string>();
      await using front = await serve(
        withRoute(async (_request, response) => {
          const key = keyOf();
          const value = cache.get(key) ?? (await pay());
          cache.set(key, value);
          response.end(value);
        }),
      );
      const got: string[] = [];
      for (const key of ["first", "second"]) {
        got.push(
          (await call(front.url, { headers: { "x-service-route": `payment:${key}` } })).body,
        );
      }
      return got;
    }

    it("gives one branch's answer to everybody", async () => {
      assert.deepEqual(await oneAfterTheOther(() => "price of 42"), [
        "payment:first",
        "payment:first",
      ]);
    });

    it("remedy: the route is part of the key", async () => {
      assert.deepEqual(await oneAfterTheOther(() => `price of 42 ${current().key}`), right);
    });

    describe("of a client", () => {
      let priced: Running;
      const agent = new Agent();
      before(async () => {
        priced = await serve((incoming, outgoing) => {
          outgoing.setHeader("cache-control", "max-age=60");
          outgoing.end(String(incoming.headers["x-service-route"]));
        });
        install({ hosts: [priced.host] });
      });
      after(async () => {
        await agent.close();
        await priced[Symbol.asyncDispose]();
      });

      async function prices(dispatcherFor: (key: string) => Dispatcher): Promise<string[]> {
        const got: string[] = [];
        for (const pins of right) {
          const { body } = await run(contextFrom({ "x-service-route": pins }), () =>
            request(priced.url, { dispatcher: dispatcherFor(current().key) }),
          );
          got.push(await body.text());
        }
        return got;
      }

      it("gives one branch's answer to everybody: it looks before the route is put on the call", async () => {
        const cached = agent.compose(interceptors.cache());
        assert.deepEqual(await prices(() => cached), ["payment:first", "payment:first"]);
      });

      it("remedy: a cache for each route", async () => {
        const cached = new Map<string, Dispatcher>();
        const cachedFor = (key: string): Dispatcher => {
          const store = new cacheStores.MemoryCacheStore();
          const dispatcher = cached.get(key) ?? agent.compose(interceptors.cache({ store }));
          cached.set(key, dispatcher);
          return dispatcher;
        };
        assert.deepEqual(await prices(cachedFor), right);
      });
    });
  });
});
