import type { Readiness } from "@cocktail/client";
import type { LifecycleService } from "../service/lifecycle-service.ts";
import type { Store } from "../store/store.ts";

/** Ready: all restored variants are ready or have failed, and changes are accepted. */
export function readinessOf(
  lifecycle: Pick<LifecycleService, "isSettled">,
  store: Pick<Store, "available">,
): Readiness {
  const reasons = [
    ...(lifecycle.isSettled() ? [] : ["the variants are still starting"]),
    ...(store.available ? [] : ["the store is not available: changes are refused"]),
  ];
  return { ready: reasons.length === 0, reasons };
}
