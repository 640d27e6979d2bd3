import type {
  CreateEnvironment,
  DeleteResult,
  DeployRequest,
  DeployResult,
  Environment,
  EnvironmentDeleteResult,
  EnvironmentResult,
  EnvironmentSpec,
  PlannedAction,
  Variant,
} from "@cocktail/client";
import {
  type Decision,
  decideDeleteEnvironment,
  decideDeploy,
  decideDestroy,
  decideEnvironment,
  decideExtend,
  decidePromote,
  type DeployWish,
  type DesiredVariant,
  describeAction,
  heldOnlyBy,
  type Refusal,
  type StateChange,
} from "@cocktail/environment";
import { formatVariant, keyFromBranch } from "@cocktail/route";
import type {
  Answer,
  DeleteEnvironmentOptions,
  DestroyOptions,
} from "../lifecycle/lifecycle-service.ts";
import type { Platform } from "../lifecycle/platform.ts";
import type { Knowledge } from "./knowledge.ts";
import type { Reconciler } from "./reconciler.ts";
import type { Scene } from "./scene.ts";
import type { Views } from "./views.ts";

export interface ChangesOptions {
  readonly knowledge: Knowledge;
  readonly reconciler: Reconciler;
  readonly views: Views;
  readonly platform: Platform;
  /** Ticket projects that a branch's name is looked through for; empty: any. */
  readonly ticketProjects: readonly string[];
}

type Decided<T> = Extract<Decision<T>, { readonly kind: "decided" }>;

/** Every change somebody can ask for: decided, written, and handed to the reconciler. */
export class Changes {
  readonly #options: ChangesOptions;

  constructor(options: ChangesOptions) {
    this.#options = options;
  }

  async deploy(request: DeployRequest): Promise<Answer<DeployResult>> {
    const key = this.#keyOf(request);
    if (key === undefined) return refused(keyMissing(request.service));
    const wish: DeployWish = { ...request, key };
    const { knowledge, platform } = this.#options;
    await knowledge.load();
    const scene = knowledge.scene();
    const preview = decideDeploy(scene.state, wish, scene.now);
    if (preview.kind === "refused") return preview;
    const { service, source, command } = preview.variant;
    const unable = await platform.check({ service, key, source, command });
    if (unable !== undefined) return refused(unable);

    const decide = (at: Scene): ReturnType<typeof decideDeploy> =>
      decideDeploy(at.state, wish, at.now);
    return this.#settle(decide, request.dryRun, (decided, after) =>
      this.#deployResult(decided, after),
    );
  }

  async promote(service: string, dryRun: boolean | undefined): Promise<Answer<DeployResult>> {
    const decide = (at: Scene): ReturnType<typeof decidePromote> =>
      decidePromote(at.state, at.table, service, at.now);
    return this.#settle(decide, dryRun, (decided, after) => this.#deployResult(decided, after));
  }

  async destroy(
    service: string,
    key: string,
    { discard = false, dryRun }: DestroyOptions,
  ): Promise<Answer<DeleteResult>> {
    const uncommittedWork = discard
      ? false
      : await this.#options.platform.uncommittedWork(service, key);
    const wish = { service, key, discard, uncommittedWork };
    return this.#settle(
      ({ state }) => decideDestroy(state, wish),
      dryRun,
      ({ outcome, warnings, changes }, after) => ({
        outcome,
        plan: this.#planOf(changes, after),
        warnings,
      }),
    );
  }

  environment(
    verb: "create" | "apply",
    { dryRun, ...wish }: CreateEnvironment,
  ): Promise<Answer<EnvironmentResult>> {
    return this.#settle(
      ({ state, now }) => decideEnvironment(state, wish, verb, now),
      dryRun,
      (decided, after) => this.#environmentResult(wish.name, decided, after),
    );
  }

  apply(name: string, spec: EnvironmentSpec): Promise<Answer<EnvironmentResult>> {
    return this.environment("apply", { ...spec, name });
  }

  extend(
    name: string,
    bySeconds: number,
    dryRun: boolean | undefined,
  ): Promise<Answer<EnvironmentResult>> {
    return this.#settle(
      ({ state, now }) => decideExtend(state, name, bySeconds, now),
      dryRun,
      (decided, after) => this.#environmentResult(name, decided, after),
    );
  }

  async deleteEnvironment(
    name: string,
    { discard = false, keepVariants = false, dryRun }: DeleteEnvironmentOptions,
  ): Promise<Answer<EnvironmentDeleteResult>> {
    const uncommittedWork =
      discard || keepVariants ? new Set<string>() : await this.#uncommittedOf(name);
    const wish = { name, discard, keepVariants, uncommittedWork, because: "Requested" } as const;
    return this.#settle(
      ({ state }) => decideDeleteEnvironment(state, wish),
      dryRun,
      ({ outcome, warnings, changes, variants }, after) => ({
        outcome,
        plan: this.#planOf(changes, after),
        warnings,
        variants,
      }),
    );
  }

  async #uncommittedOf(name: string): Promise<ReadonlySet<string>> {
    const { knowledge, platform } = this.#options;
    await knowledge.load();
    const held = heldOnlyBy(knowledge.scene().state, name);
    const names = await Promise.all(
      held.map(async ({ service, key }) =>
        (await platform.uncommittedWork(service, key)) ? [formatVariant(service, key)] : [],
      ),
    );
    return new Set(names.flat());
  }

  /** Decides and writes, or with `dryRun` only decides; the answer is made of the scene that follows. */
  async #settle<T, R>(
    decide: (scene: Scene) => Decision<T>,
    dryRun: boolean | undefined,
    answer: (decided: Decided<T>, after: Scene) => R,
  ): Promise<Answer<R>> {
    const { knowledge, reconciler } = this.#options;
    if (dryRun === true) {
      await knowledge.load();
      const decision = decide(knowledge.scene());
      if (decision.kind === "refused") return decision;
      return { kind: "done", value: answer(decision, knowledge.scene(decision.changes)) };
    }
    let refusal: Refusal | undefined;
    let value: R | undefined;
    const { changes } = await knowledge.change((scene) => {
      const decision = decide(scene);
      if (decision.kind === "refused") {
        ({ refusal } = decision);
        return { changes: [] };
      }
      value = answer(decision, knowledge.scene(decision.changes));
      return { changes: decision.changes };
    });
    reconciler.changed(changes);
    if (refusal !== undefined) return refused(refusal);
    if (value === undefined) throw new Error("a decision without an answer");
    return { kind: "done", value };
  }

  #deployResult(
    { outcome, warnings, changes, variant }: Decided<{ readonly variant: DesiredVariant }>,
    after: Scene,
  ): DeployResult {
    const { service, key, generation } = variant;
    const view = this.#options.views.variant(after, service, key);
    return {
      outcome,
      generation,
      variant: present<Variant>(view, formatVariant(service, key)),
      plan: this.#planOf(changes, after),
      warnings,
    };
  }

  #environmentResult(
    name: string,
    { outcome, warnings, changes }: Decided<object>,
    after: Scene,
  ): EnvironmentResult {
    const environment = this.#options.views.environment(after, name);
    return {
      outcome,
      environment: present<Environment>(environment, name),
      plan: this.#planOf(changes, after),
      warnings,
    };
  }

  /** What these changes bring about, each object's plan after the other. */
  #planOf(changes: readonly StateChange[], after: Scene): readonly PlannedAction[] {
    const { reconciler } = this.#options;
    const variants = new Set<string>();
    const environments = new Set<string>();
    for (const change of changes) {
      if (change.kind === "PutVariant") {
        variants.add(formatVariant(change.variant.service, change.variant.key));
      }
      if (change.kind === "PutEnvironment") environments.add(change.environment.name);
      if (change.kind === "RemoveEnvironment") environments.add(change.name);
    }
    return [
      ...[...variants].flatMap((name) => reconciler.planVariant(after, name).actions),
      ...[...environments].flatMap((name) => reconciler.planEnvironment(after, name).actions),
    ].map(describeAction);
  }

  #keyOf({ branch, key }: DeployRequest): string | undefined {
    if (key !== undefined) return key;
    if (branch === undefined || branch === "") return undefined;
    return keyFromBranch(branch, { projects: this.#options.ticketProjects });
  }
}

function refused(refusal: Refusal): { readonly kind: "refused"; readonly refusal: Refusal } {
  return { kind: "refused", refusal };
}

function keyMissing(service: string): Refusal {
  return {
    code: "INVALID",
    reason: "InvalidRequest",
    message: `nothing says which variant of ${service} this is`,
    fix: "give a branch, from which the key is derived, or the key itself",
  };
}

function present<T>(view: T | undefined, name: string): T {
  if (view === undefined) throw new Error(`${name} was decided upon and is not there`);
  return view;
}
