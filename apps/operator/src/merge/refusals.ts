import { type Api, type ApiError, keyOf, type KubeObject } from "@cocktail/kubernetes";
import type { Clock } from "@cocktail/work-queue";
import { isRefusal } from "./api-errors.ts";
import { planMerge, type TargetState } from "./plan.ts";
import type { VirtualServiceMerge } from "./virtual-service-merge.ts";
import { writeTarget } from "./write-target.ts";

interface Refusal {
  readonly generation: number;
  readonly text: string;
  readonly at: number;
}

/** After so long a merge is tried again: what refused it may have changed. */
export const againMs = 10 * 60_000;

/** The merges with which the API refuses a target: found by trying, and left out until they change. */
export class Refusals {
  readonly #clock: Clock;
  readonly #found = new Map<string, Refusal>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Of these merges, what the API said, by uid. */
  of(merges: readonly VirtualServiceMerge[]): ReadonlyMap<string, string> {
    const known = merges.flatMap(({ patch: { owner }, isDeleted }) => {
      const refusal = this.#found.get(owner.uid);
      if (refusal === undefined) return [];
      const isOver = this.#clock.now() - refusal.at >= againMs;
      if (!isDeleted && !isOver && refusal.generation === owner.generation)
        return [[owner.uid, refusal.text] as const];
      this.#found.delete(owner.uid);
      return [];
    });
    return new Map(known);
  }

  /** Finds out by dry runs which merges are refused, and returns how many it found. 0: the fault is the target's. */
  async find(api: Api, state: TargetState, signal: AbortSignal): Promise<number> {
    const { target } = state;
    if (target === undefined) return 0;
    const refused = async (
      merges: readonly VirtualServiceMerge[],
    ): Promise<ApiError | undefined> => {
      const { write } = planMerge(target, merges, state);
      return write === undefined ? undefined : await dryRun(api, write, signal);
    };
    if ((await refused([])) !== undefined) return 0;
    // Of two that are refused together alone, the older one stays.
    const live = state.merges
      .filter(({ isDeleted, patch }) => !isDeleted && !state.refusals.has(patch.owner.uid))
      .toSorted((a, b) => (ageOf(a) < ageOf(b) ? -1 : 1));
    const culprits = await bisect(live, refused);
    for (const [{ patch }, { message }] of culprits) {
      const { uid, generation } = patch.owner;
      this.#found.set(uid, { generation, text: message, at: this.#clock.now() });
    }
    return culprits.length;
  }
}

function ageOf({ object, patch: { owner } }: VirtualServiceMerge): string {
  return `${owner.createdAt} ${keyOf(object.metadata)}`;
}

async function dryRun(
  api: Api,
  write: KubeObject,
  signal: AbortSignal,
): Promise<ApiError | undefined> {
  try {
    await writeTarget(api, write, { signal, dryRun: true });
    return undefined;
  } catch (error) {
    if (isRefusal(error)) return error;
    throw error;
  }
}

/**
 * The items that are refused beside those before them, each with the error, so that all others are accepted together. Asks about twice the
 * logarithm of the number of items for each.
 */
export async function bisect<T, E>(
  items: readonly T[],
  refused: (some: readonly T[]) => Promise<E | undefined>,
): Promise<readonly (readonly [T, E])[]> {
  const good: T[] = [];
  const among = async (some: readonly T[]): Promise<readonly (readonly [T, E])[]> => {
    const [first] = some;
    const error = await refused([...good, ...some]);
    if (first === undefined || error === undefined) {
      good.push(...some);
      return [];
    }
    if (some.length === 1) return [[first, error]];
    const half = Math.ceil(some.length / 2);
    return [...(await among(some.slice(0, half))), ...(await among(some.slice(half)))];
  };
  return items.length === 0 ? [] : await among(items);
}
