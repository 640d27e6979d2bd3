import { node } from "../inside/addresses.ts";
import type { ContainerState } from "./pod-run.ts";

/** The status of a pod that runs here. */
export function statusOf(ip: string, states: readonly ContainerState[], now: Date): object {
  const lastTransitionTime = now.toISOString();
  const ready = states.every((state) => state.ready) ? "True" : "False";
  const condition = (type: string, status: string): object => ({
    type,
    status,
    lastTransitionTime,
  });
  return {
    phase: "Running",
    hostIP: node,
    podIP: ip,
    podIPs: [{ ip }],
    startTime: lastTransitionTime,
    conditions: [
      condition("PodScheduled", "True"),
      condition("Initialized", "True"),
      condition("ContainersReady", ready),
      condition("Ready", ready),
    ],
    containerStatuses: states.map(({ name, image, ready: isReady, restarts }) => ({
      name,
      image,
      imageID: "",
      ready: isReady,
      started: true,
      restartCount: restarts,
      state: { running: { startedAt: lastTransitionTime } },
    })),
  };
}
