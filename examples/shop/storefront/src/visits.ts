import { ask, urlOf } from "@cocktail-shop/chassis";

const services = [
  "cart-service",
  "recommendation-service",
  "order-service",
  "payment-service",
  "notification-service",
] as const;

/** What each service of the shop has seen, asked along the route of this request: without one, stable answers. */
export async function gatherVisits(own: unknown): Promise<Readonly<Record<string, unknown>>> {
  const here = services.filter((service) => urlOf(service) !== undefined);
  const asked = here.map(
    async (service) => [service, (await ask(service, "/visits")).body] as const,
  );
  return { storefront: own, ...Object.fromEntries(await Promise.all(asked)) };
}
