import { fieldsOf, listOf } from "@cocktail/mesh";
import { keyOf, type KubeObject } from "@cocktail/kubernetes";

/** The lease of the operator of monimesl and its forks. */
export const oldLease = "istiomerger.monime.sl";

const oldImage = /istio-?virtual-?service-?merge/i;

/** Longer than any lease of a process that lives. */
const freshMs = 60_000;

/**
 * The operators that write the same VirtualServices by other rules: two of them would undo each other's work without end. Found by the image
 * of a Deployment with a ready pod, or by a lease that is renewed.
 */
export function oldOperators(
  deployments: readonly KubeObject[],
  leases: readonly KubeObject[],
  now: number,
): readonly string[] {
  const running = deployments.filter(
    ({ spec, status }) =>
      Number(fieldsOf(status)["readyReplicas"] ?? 0) > 0 &&
      imagesOf(spec).some((image) => oldImage.test(image)),
  );
  const renewed = leases.filter(({ metadata: { name }, spec }) => {
    const { holderIdentity, renewTime } = fieldsOf(spec);
    const renewedAt = Date.parse(String(renewTime));
    return name === oldLease && Boolean(holderIdentity) && Math.abs(now - renewedAt) < freshMs;
  });
  return [
    ...running.map(({ metadata }) => `Deployment ${keyOf(metadata)}`),
    ...renewed.map(
      ({ metadata, spec }) =>
        `the holder ${String(fieldsOf(spec)["holderIdentity"])} of Lease ${keyOf(metadata)}`,
    ),
  ];
}

function imagesOf(spec: unknown): readonly string[] {
  const { containers } = fieldsOf(fieldsOf(fieldsOf(spec)["template"])["spec"]);
  return listOf(containers).map(({ image }) => String(image));
}
