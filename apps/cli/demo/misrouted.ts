import type { Step } from "./step.ts";
import { routeOf, type Visit } from "./visits.ts";

/** Visits of stable whose route named another variant of the same service. There must be none. */
export function findMisrouted(steps: readonly Step[], visits: readonly Visit[]): readonly string[] {
  const forbidden = new Set(
    steps.flatMap(({ request, expected }) =>
      Object.entries(expected.variants)
        .filter(([, key]) => key !== "stable")
        .map(([service]) => `${service} ${routeOf(request)}`),
    ),
  );
  return visits
    .filter(({ service, route }) => forbidden.has(`${service} ${route}`))
    .map(
      ({ service, route, count }) =>
        `${service}:stable answered ${count} requests with the route ${route}`,
    );
}
