import type { TestContext } from "node:test";
import {
  ask,
  type Asked,
  echo,
  echoed,
  openWorld,
  serve,
  tableOf,
  type World,
  type WorldOptions,
} from "./world.ts";

export interface Shop extends World {
  ask(asked?: Asked): ReturnType<typeof ask>;
  /** Who answered: `service:key`. */
  who(asked?: Asked): Promise<string>;
}

const labels = [
  "storefront:stable",
  "storefront:mp-101",
  "storefront:mp-102",
  "cart:stable",
  "cart:mp-101",
  "payment:stable",
];
export const environments = {
  "mp-101": { parent: "stable", members: { storefront: "mp-101", cart: "mp-101" } },
  "mp-102": { parent: "mp-101", members: { storefront: "mp-102" } },
  "ops-9": { parent: "stable", members: { storefront: "gone" } },
};

export async function openShop(t: TestContext, options: WorldOptions = {}): Promise<Shop> {
  const variants: Record<string, string> = {};
  for (const label of labels) variants[label] = (await serve(t, echo(label))).url;
  const world = await openWorld(t, tableOf({ variants, environments }), options);
  const asking = (asked: Asked = {}): ReturnType<typeof ask> => ask(world.edge.port, asked);
  return { ...world, ask: asking, who: async (asked) => echoed(await asking(asked)).name };
}
