import {
  type Actor,
  type Decided,
  type Decision,
  ObjectIndex,
  type Objects,
  type Refused,
} from "@cocktail/environment";
import { notAccepted } from "../errors.ts";
import type { Engine } from "../engine/engine.ts";

/** How often a decision is retried after a conflict. */
const attempts = 20;

type Decider = Pick<Engine, "objects" | "execute" | "onChange" | "phase">;

/**
 * Serialises the decisions of this process: each sees the writes of the previous ones. After a conflict with another writer
 * a decision is retried.
 */
export class Decisions {
  readonly #engine: Decider;
  readonly #deletionWaitMs: number;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(engine: Decider, deletionWaitMs: number) {
    this.#engine = engine;
    this.#deletionWaitMs = deletionWaitMs;
  }

  /** Decides on the objects at its turn, and executes the writes. */
  async make<T>(
    actor: Actor,
    decide: (objects: Objects) => Decision<T>,
  ): Promise<Decided<T> | Refused> {
    const deadline = performance.now() + this.#deletionWaitMs;
    for (let attempt = 0; ; attempt++) {
      const made = await this.#inTurn(() => this.#attempt(actor, decide));
      if (made.kind === "waits") {
        const left = deadline - performance.now();
        if (await this.#isGone(made.for, left)) continue;
        return {
          kind: "refused",
          refusal: { reason: "Terminating", params: { name: made.for.name } },
        };
      }
      if (made.kind !== "conflict") return made;
      if (attempt === attempts)
        throw new Error(`the decision conflicted with other writers ${attempts} times`);
    }
  }

  /** Decides without writing. Objects that are being deleted count as gone. */
  async preview<T>(decide: (objects: Objects) => Decision<T>): Promise<Decided<T> | Refused> {
    await Promise.resolve();
    const decision = decide(this.#engine.objects);
    if (decision.kind !== "waits") return decision;
    const { kind, name } = decision.for;
    const without = withoutObject(this.#engine.objects, kind, name);
    const again = decide(without);
    if (again.kind !== "waits") return again;
    return { kind: "refused", refusal: { reason: "Terminating", params: { name } } };
  }

  async #attempt<T>(
    actor: Actor,
    decide: (objects: Objects) => Decision<T>,
  ): Promise<Decision<T> | { readonly kind: "conflict" }> {
    const decision = decide(this.#engine.objects);
    if (decision.kind !== "decided" || decision.writes.length === 0) return decision;
    const executed = await this.#engine.execute(decision.writes, actor);
    return executed === "done" ? decision : { kind: "conflict" };
  }

  async #inTurn<T>(job: () => Promise<T>): Promise<T> {
    const mine = this.#tail.then(job, job);
    this.#tail = mine;
    return mine;
  }

  /** Waits until an object that is being deleted is gone; false on timeout. */
  async #isGone(
    { kind, name }: { readonly kind: "ServiceVariant" | "Environment"; readonly name: string },
    limitMs: number,
  ): Promise<boolean> {
    const isThere = (): boolean => isTerminating(this.#engine.objects, kind, name);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const unsubscribe = this.#engine.onChange(() => {
      if (!isThere() || this.#engine.phase === "stopped") resolve(true);
    });
    const timer = setTimeout(() => resolve(false), Math.max(limitMs, 0));
    try {
      const isGone = isThere() ? await promise : true;
      if (this.#engine.phase !== "stopped") return isGone;
      throw notAccepted("stopping");
    } finally {
      clearTimeout(timer);
      unsubscribe();
    }
  }
}

function isTerminating(
  objects: Objects,
  kind: "ServiceVariant" | "Environment",
  name: string,
): boolean {
  const found =
    kind === "Environment" ? objects.environments.get(name) : objects.variants.get(name);
  return found?.deletedAt !== undefined;
}

function withoutObject(
  objects: Objects,
  kind: "ServiceVariant" | "Environment",
  name: string,
): Objects {
  const copy = new ObjectIndex([
    ...objects.services.values(),
    ...objects.variants.values(),
    ...objects.environments.values(),
  ]);
  copy.remove(kind, name);
  return copy;
}
