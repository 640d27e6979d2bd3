import type { RouteTable } from "@cocktail/route";
import { readVisits } from "./visits.ts";
import type { Shop } from "./shop.ts";
import type { Also, Proof } from "./step.ts";

const service = "order-service";
const visits = { method: "GET", host: "storefront", path: "/api/visits" } as const;

/** Checks every table since: rc must leave the table in the same epoch in which stable changes. */
export async function provePromotion(shop: Shop): Promise<Proof> {
  const before = await shop.api.routeTable(undefined, { signal: shop.signal });
  const { body } = await shop.send(visits);
  shop.pastVisits.push(...readVisits(body));
  return () => findSwap(shop, before);
}

async function findSwap(shop: Shop, from: RouteTable): Promise<Also> {
  const head = await shop.api.routeTable(undefined, { signal: shop.signal });
  let before = from;
  for (let epoch = from.epoch + 1; epoch <= head.epoch; epoch++) {
    const after = await shop.api.routeTable(epoch, { signal: shop.signal });
    if (stableOf(after) !== stableOf(before)) return verifySwap(before, after);
    if (rcOf(after) !== rcOf(before)) {
      return { faults: [`rc changed at epoch ${epoch}, before stable`], evidence: [] };
    }
    before = after;
  }
  return { faults: ["stable did not change"], evidence: [] };
}

function verifySwap(before: RouteTable, after: RouteTable): Also {
  const revision = before.services[service]?.["rc"]?.revision;
  const promoted = after.services[service]?.["stable"]?.revision;
  const faults = [
    ...(rcOf(after) === undefined ? [] : [`rc still exists at epoch ${after.epoch}`]),
    ...(promoted === revision
      ? []
      : [`stable's revision is ${promoted ?? "?"}, rc's was ${revision ?? "?"}`]),
  ];
  const evidence = `epoch ${before.epoch} -> ${after.epoch}: stable has the revision of rc, and rc is gone`;
  return { faults, evidence: faults.length === 0 ? [evidence] : [] };
}

function stableOf(table: RouteTable): number | undefined {
  return table.services[service]?.["stable"]?.incarnation;
}

function rcOf(table: RouteTable): number | undefined {
  return table.services[service]?.["rc"]?.incarnation;
}
