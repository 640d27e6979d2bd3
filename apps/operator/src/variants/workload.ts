import type { ObservedWorkload } from "@cocktail/environment";
import type { KubeObject } from "@cocktail/kubernetes";
import { type Fields, fieldsOf, listOf } from "@cocktail/mesh";

type Workload = Pick<ObservedWorkload, "phase" | "message" | "revision">;

/**
 * The workload that the pods of a variant are. `isRoutable` says whether the mesh has a pod's address: a pod that is ready, and that no proxy
 * knows yet, would be answered with 503. Pods come and go by themselves: who deploys them replaces them as Kubernetes does.
 */
export function workloadOf(
  all: readonly KubeObject[],
  isRoutable: (address: string) => boolean,
): Workload {
  const pods = all.filter(({ metadata }) => metadata["deletionTimestamp"] === undefined);
  const revision = newest(pods.filter(isReady).length > 0 ? pods.filter(isReady) : pods);
  const of = (phase: Workload["phase"], message: string): Workload => ({
    phase,
    message,
    ...(revision === undefined ? {} : { revision }),
  });
  if (pods.length === 0) return of("Starting", "no pod carries its labels");
  const ready = pods.filter(isReady);
  if (ready.some((pod) => isRoutable(addressOf(pod)))) return of("Ready", "");
  if (ready.length > 0) return of("Starting", "the mesh doesn't have the address of its pod yet");
  const waiting = pods.flatMap(containerStates).find(({ reason }) => typeof reason === "string");
  if (waiting === undefined) return of("Starting", "its pod is not ready");
  const { reason, message } = waiting;
  const text = typeof message === "string" ? `${String(reason)}: ${message}` : String(reason);
  return of(reason === "CrashLoopBackOff" ? "CrashLoop" : "Starting", text.slice(0, maxMessage));
}

/** A condition's message may have 32 KiB; nobody reads that. */
const maxMessage = 1_024;

function isReady({ status }: KubeObject): boolean {
  return listOf(fieldsOf(status)["conditions"]).some(
    ({ type, status: is }) => type === "Ready" && is === "True",
  );
}

function addressOf({ status }: KubeObject): string {
  const { podIP } = fieldsOf(status);
  return typeof podIP === "string" ? podIP : "";
}

/** What the containers of a pod wait for. */
function containerStates({ status }: KubeObject): readonly Fields[] {
  const { initContainerStatuses, containerStatuses } = fieldsOf(status);
  return [...listOf(initContainerStatuses), ...listOf(containerStatuses)].map(({ state }) =>
    fieldsOf(fieldsOf(state)["waiting"]),
  );
}

function newest(pods: readonly KubeObject[]): string | undefined {
  const [last] = pods.toSorted((one, other) => (createdAt(one) < createdAt(other) ? 1 : -1));
  return last === undefined ? undefined : revisionOf(last);
}

function createdAt({ metadata: { creationTimestamp } }: KubeObject): string {
  return typeof creationTimestamp === "string" ? creationTimestamp : "";
}

const versionLabel = "app.kubernetes.io/version";
const maxRevision = 128;

/** The version label, or what follows the name of its image: digest or tag. */
function revisionOf({ metadata: { labels = {} }, spec }: KubeObject): string {
  const { image } = listOf(fieldsOf(spec)["containers"])[0] ?? {};
  const text = typeof image === "string" ? image : "";
  const [, digest] = /@sha256:([0-9a-f]{12})/.exec(text) ?? [];
  const [, tag] = /:([\w][\w.-]*)$/.exec(text.split("@")[0] ?? "") ?? [];
  return (labels[versionLabel] ?? digest ?? tag ?? "latest").slice(0, maxRevision);
}
