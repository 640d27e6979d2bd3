import { fieldsOf, listOf } from "../fields.ts";
import { fullHost, type MeshNames } from "../istio/names.ts";
import { type MergeFault, reporter } from "./fault.ts";
import type { Ledger } from "./ledger.ts";
import { ownerText, type PreparedRoute, shownRoute } from "./prepare.ts";
import { legacyRouteName, ownRouteName } from "./route-names.ts";
import type { MergeFacts, RawVirtualService } from "./types.ts";

/**
 * Whether a route may be in the target. One whose Service never had a ready endpoint waits for it: until then stable answers. One that is
 * merged stays merged, whatever happens to the endpoints: requests for a branch that is down are never answered by stable.
 */
export function mayBegin(
  one: PreparedRoute,
  target: RawVirtualService,
  {
    facts: { services = {} },
    names,
    ledger,
    faults,
  }: {
    readonly facts: MergeFacts;
    readonly names: MeshNames;
    readonly ledger: Ledger | undefined;
    readonly faults: MergeFault[];
  },
): boolean {
  const namespace = target.metadata.namespace ?? "default";
  const waitsFor = listOf(one.route["route"])
    .map(({ destination }) => fullHost(String(fieldsOf(destination)["host"]), namespace, names))
    .find((host) => Object.hasOwn(services, host) && services[host]?.isReady === false);
  if (waitsFor === undefined) return true;
  const report = reporter(faults, ownerText(one.owner), shownRoute(one));
  const what = `No endpoint of ${waitsFor} is ready`;
  if (isMerged(one, ledger)) {
    report.warn("NoReadyEndpoint", `${what}: requests of this route are answered with 503.`);
    return true;
  }
  report.error("NoReadyEndpoint", `${what}: the route is merged as soon as one is.`);
  return false;
}

/** By the record, which is still there when the routes were wiped. */
function isMerged(
  { kind, owner, original, at, count, label }: PreparedRoute,
  ledger: Ledger | undefined,
): boolean {
  if (ledger === undefined) return false;
  if (kind !== "http") return ledger[kind].some(({ uid }) => uid === owner.uid);
  const possible = [ownRouteName(owner, label), legacyRouteName(owner.name, original, at, count)];
  return possible.some((name) => ledger.http.get(name)?.uid === owner.uid);
}
