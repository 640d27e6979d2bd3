import assert from "node:assert/strict";
import type { Logger, Variant } from "@cocktail/client";
import type { NamedService } from "@cocktail/environment";
import { type RouteTable, own } from "@cocktail/route";
import type { Clock } from "@cocktail/work-queue";
import type { Store } from "../../store/store.ts";
import { refusalText } from "../../api/texts.ts";
import type { Answer, LifecycleService } from "../../service/lifecycle-service.ts";
import type { LifecycleOptions } from "../../service/options.ts";
import { createLifecycleService } from "../../service/service.ts";
import { SimulatedPlatform } from "./simulated-platform.ts";
import { SimulatedReaders } from "./simulated-readers.ts";

/** Keeps what says that a reconcile never ends: that is a defect, whatever a test is about. */
class DefectLog implements Logger {
  readonly defects: string[] = [];

  debug(): void {}
  info(): void {}
  error(): void {}
  warn(fields: object): void {
    const error: unknown = "err" in fields ? fields.err : undefined;
    if (error instanceof Error && /did not converge|TypeError|RangeError/.test(String(error))) {
      this.defects.push(error.message);
    }
  }
}

/** A store as a test gets it, and the way to be rid of it. */
export interface OpenStore {
  readonly store: Store;
  close(): Promise<void>;
}

/** The system's clock, that a test may put forward. */
export class TestClock implements Clock {
  #ahead = 0;
  readonly #waiting = new Set<{ readonly at: number; readonly callback: () => void }>();

  now(): number {
    return Date.now() + this.#ahead;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const fire = (): void => {
      clearTimeout(timer);
      if (this.#waiting.delete(entry)) callback();
    };
    const entry = { at: this.now() + milliseconds, callback: fire };
    const timer = setTimeout(fire, Math.min(milliseconds, 2 ** 31 - 1));
    this.#waiting.add(entry);
    return () => {
      clearTimeout(timer);
      this.#waiting.delete(entry);
    };
  }

  pass(milliseconds: number): void {
    this.#ahead += milliseconds;
    for (const entry of this.#waiting) if (entry.at <= this.now()) entry.callback();
  }
}

let hosts = 0;

/** One run of a cocktail: a new platform each time, the same store. */
export class TestWorld implements AsyncDisposable {
  readonly platform: SimulatedPlatform;
  readonly readers = new SimulatedReaders();
  readonly clock = new TestClock();
  readonly log = new DefectLog();
  readonly store: Store;
  readonly lifecycle: LifecycleService;

  constructor(store: Store, options: Partial<LifecycleOptions> = {}) {
    this.store = store;
    this.platform = new SimulatedPlatform(`host-${++hosts}`);
    this.lifecycle = createLifecycleService({
      store,
      platform: this.platform,
      readers: this.readers,
      clock: this.clock,
      log: this.log,
      domain: "localhost",
      edge: () => "http://localhost:8080",
      limits: { startupBatchMs: 10_000, firstBackoffMs: 5, longestBackoffMs: 50 },
      ...options,
    });
  }

  async start(services: readonly NamedService[] = shop()): Promise<this> {
    await this.lifecycle.syncServices(services);
    await this.lifecycle.start();
    await this.until(() => this.lifecycle.isSettled(), "the start to settle");
    return this;
  }

  get table(): RouteTable {
    return this.lifecycle.table();
  }

  /** Number of the incarnation that the table lists. */
  listed(service: string, key: string): number | undefined {
    return own(own(this.table.services, service) ?? {}, key)?.incarnation;
  }

  variant(service: string, key: string): Variant {
    const variant = this.lifecycle.variant(service, key);
    assert.ok(variant, `${service}:${key} is not there`);
    return variant;
  }

  condition(service: string, key: string, type = "Ready"): string {
    const found = this.lifecycle
      .variant(service, key)
      ?.conditions.find((each) => each.type === type);
    return found === undefined ? "none" : `${found.status} ${found.reason}`;
  }

  /** Names of what runs. */
  running(): readonly string[] {
    return this.platform
      .list()
      .map(({ ref }) => `${ref.service}:${ref.key}#${ref.incarnation}`)
      .toSorted();
  }

  async ready(service: string, key: string): Promise<Variant> {
    await this.until(
      () => this.condition(service, key) === "True Serving",
      () =>
        `${service}:${key} to serve, but it is: ${JSON.stringify(this.lifecycle.variant(service, key))}`,
    );
    return this.variant(service, key);
  }

  async until(isTrue: () => boolean, what: string | (() => string)): Promise<void> {
    const deadline = Date.now() + 10_000;
    while (!isTrue()) {
      if (Date.now() > deadline) {
        assert.fail(`waited 10 s for ${typeof what === "string" ? what : what()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lifecycle.stop();
    assert.deepEqual(this.platform.overlaps, [], "calls for one variant overlapped");
    assert.deepEqual(this.log.defects, []);
  }
}

export function done<T>(answer: Answer<T>): T {
  assert.equal(answer.kind, "done", JSON.stringify(answer));
  assert.ok(answer.kind === "done");
  return answer.value;
}

export function refusal(answer: Answer<unknown>): string {
  assert.ok(answer.kind === "refused", JSON.stringify(answer));
  return `${refusalText(answer.refusal).code} ${answer.refusal.reason}`;
}

export function shop(hash = "h1"): readonly NamedService[] {
  return ["storefront", "cart", "payment"].map((name, position) => ({
    name,
    spec: {
      position,
      entry: position === 0,
      protocol: "auto",
      source: { kind: "service" },
      entryHash: hash,
    },
  }));
}
