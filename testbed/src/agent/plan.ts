import type { Pod } from "./pod.ts";

export type PodAction =
  | { readonly kind: "start"; readonly pod: Pod }
  | { readonly kind: "stop"; readonly uid: string }
  /** The pod has nothing that runs here, or no longer: its object may go. */
  | { readonly kind: "release"; readonly pod: Pod };

export type RunState = "running" | "stopping";

/** What the agent must do, from what the API lists and what runs here. `running` holds uids, also of pods that are being stopped. */
export function planPods(
  pods: readonly Pod[],
  running: ReadonlyMap<string, RunState>,
): readonly PodAction[] {
  const listed = new Set(pods.map((pod) => pod.metadata.uid));
  const gone = [...running].flatMap(([uid, state]): PodAction[] =>
    state === "running" && !listed.has(uid) ? [{ kind: "stop", uid }] : [],
  );
  const others = pods.flatMap((pod): PodAction[] => {
    const { uid, deletionTimestamp } = pod.metadata;
    const state = running.get(uid);
    if (deletionTimestamp === undefined) return state === undefined ? [{ kind: "start", pod }] : [];
    if (state === undefined) return [{ kind: "release", pod }];
    return state === "running" ? [{ kind: "stop", uid }] : [];
  });
  return [...gone, ...others];
}
