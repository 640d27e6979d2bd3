import { randomBytes } from "node:crypto";
import {
  type AppendOutcome,
  oneAtATime,
  type RouteTableStore,
  storeCorrupt,
  storeUnavailable,
  TableHub,
} from "@cocktail/control-plane/store";
import { type Api, Informer, type KubeObject, type Logger } from "@cocktail/kubernetes";
import {
  canonicalTable,
  formatTableId,
  type RouteTable,
  type TableContent,
  type TableId,
} from "@cocktail/route";
import {
  type BackoffOptions,
  backoffMs,
  type Clock,
  pause,
  systemClock,
} from "@cocktail/work-queue";
import { asking } from "./api-errors.ts";
import { configMaps } from "../kinds.ts";
import { Segments } from "./segments.ts";
import { appendTable } from "./tables-append.ts";
import { segmentsFor, tableAt } from "./tables-at.ts";
import { genesisHead, type HistoryPart, type TableHead } from "./tables-head.ts";
import { headName, HeadObject, type StoredHead } from "./tables-object.ts";
import { defaultLimits, packHead, planWrite, type TableStoreLimits } from "./tables-plan.ts";
import { currentAt, lastUpTo, raiseFloor } from "./tables-prune.ts";

export interface KubernetesTablesOptions {
  readonly api: Api;
  /** Of the objects; one route table in each. */
  readonly namespace: string;
  readonly log: Logger;
  readonly clock?: Clock | undefined;
  readonly limits?: Partial<TableStoreLimits> | undefined;
  /** Between tries to watch again. */
  readonly backoff?: BackoffOptions | undefined;
}

/** How often a change is planned anew because the object changed meanwhile, but not its epoch. */
const mostTries = 10;

/**
 * Route tables in ConfigMaps: one head, which every change replaces, and segments with the older history, which never change.
 * A segment is created before the head that no longer holds what it holds, so whatever ends a writer, nothing is lost.
 */
export class KubernetesTables implements RouteTableStore {
  readonly #options: KubernetesTablesOptions;
  readonly #limits: TableStoreLimits;
  readonly #clock: Clock;
  readonly #backoff: BackoffOptions;
  readonly #object: HeadObject;
  readonly #segments: Segments;
  readonly #hub = new TableHub();
  readonly #stop = new AbortController();
  readonly #watching: Promise<void>;
  /** Of the hub's table. */
  #history: string | undefined;
  #event: KubeObject | undefined;
  /** Something may be left of a writer that ended early: always at first. */
  #isSweepDue = true;

  /** Watches from now on, until `close`. */
  constructor(options: KubernetesTablesOptions) {
    const { api, namespace, log } = options;
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#clock = options.clock ?? systemClock;
    this.#backoff = options.backoff ?? { firstMs: 100, longestMs: 5_000 };
    this.#object = new HeadObject(api, namespace);
    this.#segments = new Segments(api, namespace);
    const informer = new Informer({
      api,
      resource: configMaps,
      namespace,
      fieldSelector: `metadata.name=${headName}`,
      log,
      clock: options.clock,
      limits: { resyncMs: 0, backoff: this.#backoff },
    });
    const see = (object: KubeObject): void => {
      this.#event = object;
      this.#look();
    };
    informer.subscribe({ added: see, updated: see, deleted: () => this.#refresh() });
    this.#watching = informer.run(this.#stop.signal);
  }

  async head(): Promise<RouteTable> {
    return await asking(async () => {
      for (;;) {
        const seen = this.#hub.current;
        const { head } = await this.#load();
        if (this.#hub.replace(seen, head.table) === "stale") continue;
        this.#history = head.history;
        return head.table;
      }
    });
  }

  async append(expectedEpoch: number, content: TableContent): Promise<AppendOutcome> {
    return await asking(() =>
      this.#untilDecided(async (stored) => {
        const { table } = stored.head;
        if (table.epoch !== expectedEpoch) return { kind: "conflict", head: table };
        if (canonicalTable(table) === canonicalTable(content)) return { kind: "unchanged", table };
        const next = appendTable(stored.head, content, this.#clock.now());
        if (!(await this.#write(stored, next))) return undefined;
        return { kind: "appended", table: next.table };
      }),
    );
  }

  async at(epoch: number): Promise<RouteTable | undefined> {
    if (!Number.isSafeInteger(epoch) || epoch < 0) return undefined;
    let missing: string | undefined;
    const answer = await asking(() =>
      this.#untilDecided<{ readonly table: RouteTable | undefined }>(async ({ head }) => {
        const { table } = head;
        if (epoch < table.historyFloor || epoch > table.epoch) return { table: undefined };
        if (epoch === table.epoch) return { table };
        const segments: HistoryPart[] = [];
        for (const ref of segmentsFor(head, epoch)) {
          const part = await this.#segments.read(ref);
          // Pruned, unless the head still refers to it when it is read again.
          if (part === undefined && missing === ref.name)
            throw storeCorrupt(`ConfigMap ${ref.name} is missing, with a part of the history`);
          if (part === undefined) {
            missing = ref.name;
            return undefined;
          }
          segments.push(part);
        }
        return { table: tableAt(head, segments, epoch) };
      }),
    );
    return answer.table;
  }

  watch(from: TableId | undefined, signal: AbortSignal): AsyncIterable<RouteTable> {
    // Where there is no head yet this makes one.
    if (this.#hub.current === undefined) this.#refresh();
    return this.#hub.watch(from, signal);
  }

  async prune(before: Date): Promise<number> {
    return await asking(async () => {
      const floor = await this.#untilDecided(async (stored) => {
        const { head } = stored;
        const current = await this.#currentAt(head, before.getTime());
        if (current === "missing") return undefined;
        const next = raiseFloor(head, current ?? 0);
        const { historyFloor } = next.table;
        if (historyFloor === head.table.historyFloor) return historyFloor;
        this.#isSweepDue ||= next.segments.length < head.segments.length;
        return (await this.#write(stored, next)) ? historyFloor : undefined;
      });
      if (this.#isSweepDue) await this.#sweep();
      return floor;
    });
  }

  /** Ends every watch. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#hub.close();
    await this.#watching;
  }

  /** The head; the first one is made here. */
  async #load(): Promise<StoredHead> {
    for (let tries = 0; tries < mostTries; tries++) {
      const stored = await this.#object.read();
      if (stored !== undefined) return stored;
      const genesis = genesisHead(randomBytes(4).toString("hex"), this.#clock.now());
      await this.#object.create(await packHead(genesis));
    }
    throw storeUnavailable(`ConfigMap ${headName} goes as soon as it is made`);
  }

  async #untilDecided<T>(decide: (stored: StoredHead) => Promise<T | undefined>): Promise<T> {
    for (let tries = 0; tries < mostTries; tries++) {
      const decided = await decide(await this.#load());
      if (decided !== undefined) return decided;
    }
    throw storeUnavailable(`ConfigMap ${headName} changes faster than it can be written`);
  }

  /** False if the head is another one meanwhile. */
  async #write(stored: StoredHead, next: TableHead): Promise<boolean> {
    const { head, packed, segments } = await planWrite(next, this.#limits);
    // Until the head refers to them nobody else knows of them.
    this.#isSweepDue ||= segments.length > 0;
    for (const one of segments) await this.#segments.ensure(one.segment, one.packed);
    if ((await this.#object.replace(stored, head, packed)) === "conflict") return false;
    this.#learn(head);
    return true;
  }

  async #sweep(): Promise<void> {
    // Not afterwards: an append that is running then may leave something.
    this.#isSweepDue = false;
    try {
      await this.#segments.sweep(async () => (await this.#load()).head);
    } catch (error) {
      this.#isSweepDue = true;
      throw error;
    }
  }

  async #currentAt(head: TableHead, time: number): Promise<number | undefined | "missing"> {
    const current = currentAt(head, time);
    if (typeof current !== "object") return current;
    const part = await this.#segments.read(current);
    return part === undefined ? "missing" : lastUpTo(part, time);
  }

  /** What surely follows the table that watchers have is given to them; of anything else the store is asked. */
  #learn({ history, table }: TableHead): void {
    const { current } = this.#hub;
    const isNext =
      current === undefined || (history === this.#history && table.epoch > current.epoch);
    if (isNext) {
      this.#history = history;
      this.#hub.advance(table);
      return;
    }
    const isKnown = formatTableId(table) === formatTableId(current);
    if (!isKnown || table.historyFloor !== current.historyFloor) this.#refresh();
  }

  /** The newest event of the watch. */
  readonly #look = oneAtATime(
    async () => {
      const object = this.#event;
      if (object !== undefined) this.#learn((await this.#object.decode(object)).head);
    },
    (err) => this.#options.log.error({ err }, "a route table that was watched can't be read"),
  );

  readonly #refresh = oneAtATime(
    async () => {
      for (let failures = 1; !this.#stop.signal.aborted; failures++) {
        try {
          await this.head();
          return;
        } catch (err) {
          const retryInMs = backoffMs(failures, this.#backoff);
          this.#options.log.warn({ err, retryInMs }, "the route table can't be read, retrying");
          await pause(this.#clock, retryInMs, this.#stop.signal);
        }
      }
    },
    () => undefined,
  );
}
