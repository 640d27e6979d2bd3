import { randomBytes } from "node:crypto";
import { type Clock, systemClock } from "@cocktail/work-queue";
import type { Api } from "../api/api.ts";
import { isNotFound } from "../api/api-error.ts";
import { collectionPath, objectPath, type Resource } from "../api/resource.ts";
import type { Logger } from "../log.ts";
import { isKubeObject, keyOf, type KubeObject } from "../object.ts";
import { defaultEventLimits, EventAggregate, type EventLimits } from "./event-aggregate.ts";

const events: Resource = {
  apiVersion: "events.k8s.io/v1",
  kind: "Event",
  plural: "events",
  isNamespaced: true,
};

export interface EventRecorderOptions {
  readonly api: Api;
  /** `cocktail.dev/operator`. */
  readonly controller: string;
  /** The process. */
  readonly instance: string;
  readonly log: Logger;
  /** Since the epoch. */
  readonly clock?: Clock | undefined;
  readonly limits?: Partial<EventLimits> | undefined;
}

export interface Occurrence {
  readonly type: "Normal" | "Warning";
  /** Why, UpperCamel: `PodNotReady`. */
  readonly reason: string;
  /** What the controller did, UpperCamel: `Reconcile`. */
  readonly action: string;
  /** For people. Cut after 1 KB. */
  readonly note: string;
}

/** Events that wait for the API. Beyond them events are lost: they are information, and must not hold up what they tell of. */
const mostWaiting = 100;

/** Writes Events about objects: once for each different thing, counted if it happens again, limited for each object. */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  readonly #aggregate: EventAggregate;
  #waiting = 0;
  #sent: Promise<void> = Promise.resolve();

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#aggregate = new EventAggregate(this.#clock, { ...defaultEventLimits, ...options.limits });
  }

  /** Never throws and never waits. */
  record(object: KubeObject, occurrence: Occurrence): void {
    if (this.#waiting >= mostWaiting) return;
    const { uid, ...metadata } = object.metadata;
    const subject = `${object.kind} ${keyOf(metadata)} ${uid}`;
    const { type, reason, action, note } = occurrence;
    const key = JSON.stringify([subject, type, reason, action, note]);
    const decision = this.#aggregate.occurred(key, subject);
    if (decision.kind === "skip") return;
    this.#waiting++;
    this.#sent = this.#sent.then(async () => {
      try {
        if (decision.kind === "create") await this.#create(key, object, occurrence);
        else await this.#count(object, decision);
      } catch (err) {
        this.#aggregate.forget(key);
        const level = isNotFound(err) ? "debug" : "warn";
        this.#options.log[level](
          { err, reason, object: keyOf(object.metadata) },
          "could not write an Event",
        );
      } finally {
        this.#waiting--;
      }
    });
  }

  /** Resolves when all that was recorded is written or given up. */
  async flushed(): Promise<void> {
    await this.#sent;
  }

  async #create(
    key: string,
    object: KubeObject,
    { type, reason, action, note }: Occurrence,
  ): Promise<void> {
    const { api, controller, instance } = this.#options;
    const { apiVersion, kind, metadata } = object;
    const { name, uid, resourceVersion } = metadata;
    // Those of cluster-scoped objects live in `default`, as those of Kubernetes do.
    const namespace = metadata.namespace ?? "default";
    const regarding = {
      apiVersion,
      kind,
      namespace: metadata.namespace,
      name,
      uid,
      resourceVersion,
    };
    const answer = await api.request({
      method: "POST",
      path: collectionPath(events, namespace),
      body: {
        apiVersion: events.apiVersion,
        kind: events.kind,
        metadata: { namespace, name: `${name.slice(0, 230)}.${randomBytes(8).toString("hex")}` },
        eventTime: microTime(this.#clock.now()),
        reportingController: controller,
        reportingInstance: instance.slice(0, 128),
        type,
        reason,
        action,
        note: cut(note),
        regarding,
      },
    });
    if (isKubeObject(answer)) this.#aggregate.created(key, answer.metadata.name);
  }

  async #count(
    { metadata: { namespace = "default" } }: KubeObject,
    { name, count }: { readonly name: string; readonly count: number },
  ): Promise<void> {
    await this.#options.api.request({
      method: "PATCH",
      path: objectPath(events, { namespace, name }),
      contentType: "application/merge-patch+json",
      body: { series: { count, lastObservedTime: microTime(this.#clock.now()) } },
    });
  }
}

/** The API takes up to 1,024 bytes. */
function cut(note: string): string {
  const bytes = Buffer.from(note);
  return bytes.length <= 1_024
    ? note
    : `${bytes
        .subarray(0, 1_017)
        .toString("utf8")
        .replace(/\uFFFD+$/, "")} ...`;
}

function microTime(now: number): string {
  return new Date(now).toISOString().replace("Z", "000Z");
}
