import { keyOf, type KubeObject } from "@cocktail/kubernetes";
import { recordOf } from "./virtual-service-merge.ts";

/** The lease of the operator of monimesl and its forks. */
export const oldLease = "istiomerger.monime.sl";

const oldImage = /istio-?virtual-?service-?merge/i;

/** Longer than any lease of a process that lives. */
const freshMs = 60_000;

/**
 * The operators that write the same VirtualServices by other rules: two of them would undo each other's work for ever. Found by the image
 * of a Deployment with a ready pod, or by a lease that is renewed.
 */
export function oldOperators(
  deployments: readonly KubeObject[],
  leases: readonly KubeObject[],
  now: number,
): readonly string[] {
  const running = deployments.filter(
    ({ spec, status }) =>
      Number(recordOf(status)["readyReplicas"] ?? 0) > 0 && imagesOf(spec).some(isOld),
  );
  const renewed = leases.filter(({ metadata: { name }, spec }) => {
    const { holderIdentity, renewTime } = recordOf(spec);
    const renewedAt = Date.parse(String(renewTime));
    return name === oldLease && Boolean(holderIdentity) && Math.abs(now - renewedAt) < freshMs;
  });
  return [
    ...running.map(({ metadata }) => `Deployment ${keyOf(metadata)}`),
    ...renewed.map(
      ({ metadata, spec }) =>
        `the holder ${String(recordOf(spec)["holderIdentity"])} of Lease ${keyOf(metadata)}`,
    ),
  ];
}

const isOld = (image: string): boolean => oldImage.test(image);

function imagesOf(spec: unknown): readonly string[] {
  const { containers } = recordOf(recordOf(recordOf(spec)["template"])["spec"]);
  return (Array.isArray(containers) ? containers : []).map((one: unknown) =>
    String(recordOf(one)["image"]),
  );
}
