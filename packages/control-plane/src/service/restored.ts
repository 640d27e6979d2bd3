import { type Objects, isLive } from "@cocktail/environment";
import { STABLE } from "@cocktail/route";

/** What this run takes over from an earlier one: variants whose workloads ran on another host, and environments. */
export function restoredNames(objects: Objects, host: string): readonly string[] {
  const variants = [...objects.variants.values()]
    .filter((each) => isLive(each) && each.spec.key !== STABLE)
    .filter(({ status }) => status?.incarnations.some((each) => each.host !== host) === true)
    .map(({ name }) => name);
  const environments = [...objects.environments.values()]
    .filter(isLive)
    .map(({ name }) => `environment ${name}`);
  return [...variants.toSorted(), ...environments.toSorted()];
}
