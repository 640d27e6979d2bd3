import type { RouteTable } from "@cocktail/route";
import { readVisits, type Visit } from "./visits.ts";
import type { Shop } from "./shop.ts";
import type { Also } from "./step.ts";

const service = "order-service";
const visits = { method: "GET", host: "storefront", path: "/api/visits" } as const;

/** What must be remembered of the time before: the old stable process takes its count of visits with it. */
interface Before {
  readonly epoch: number;
  readonly visits: readonly Visit[];
}
const remembered = new WeakMap<Shop, Before>();

export async function beforePromotion(shop: Shop): Promise<void> {
  const { epoch } = await shop.api.routeTable(undefined, { signal: shop.signal });
  const { body } = await shop.ask(visits);
  remembered.set(shop, { epoch, visits: readVisits(body) });
}

/** What stable had counted before it was replaced. */
export function visitsBeforePromotion(shop: Shop): readonly Visit[] {
  return remembered.get(shop)?.visits ?? [];
}

/** Looks at every table since: in the one where stable changed, rc must be gone, and in none before. */
export async function afterPromotion(shop: Shop): Promise<Also> {
  const from = remembered.get(shop)?.epoch ?? 0;
  const head = await shop.api.routeTable(undefined, { signal: shop.signal });
  let before = await tableAt(shop, from);
  for (let epoch = from + 1; epoch <= head.epoch; epoch++) {
    const after = await tableAt(shop, epoch);
    if (stableOf(after) !== stableOf(before)) return judgeSwap(before, after);
    if (rcOf(after) !== rcOf(before))
      return { faults: [`rc changed at epoch ${epoch}, before stable`], evidence: [] };
    before = after;
  }
  return { faults: ["stable did not change"], evidence: [] };
}

function judgeSwap(before: RouteTable, after: RouteTable): Also {
  const revision = before.services[service]?.["rc"]?.revision;
  const promoted = after.services[service]?.["stable"]?.revision;
  const faults = [
    ...(rcOf(after) === undefined ? [] : [`rc is still there at epoch ${after.epoch}`]),
    ...(promoted === revision
      ? []
      : [`stable's revision is ${promoted ?? "?"}, rc's was ${revision ?? "?"}`]),
  ];
  const evidence = `epoch ${before.epoch} -> ${after.epoch}: stable's revision is what rc's was, and rc is empty`;
  return { faults, evidence: faults.length === 0 ? [evidence] : [] };
}

function stableOf(table: RouteTable): number | undefined {
  return table.services[service]?.["stable"]?.incarnation;
}

function rcOf(table: RouteTable): number | undefined {
  return table.services[service]?.["rc"]?.incarnation;
}

async function tableAt(shop: Shop, epoch: number): Promise<RouteTable> {
  return await shop.api.routeTable(epoch, { signal: shop.signal });
}
