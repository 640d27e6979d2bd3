import type { Readiness } from "@cocktail/client";
import type { LifecycleService } from "../service/lifecycle-service.ts";
import type { Store } from "../store/store.ts";

/** Ready: everything that was restored is up or has failed for good, and a change would be accepted. */
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
