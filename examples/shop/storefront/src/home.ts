import { type Answer, ask, type Identity, PeerFault, type Problem } from "@cocktail-shop/chassis";

/** What one service has to show, or why it hasn't. */
export type Panel =
  | { readonly ok: true; readonly body: unknown; readonly answeredBy: readonly Answer[] }
  | { readonly ok: false; readonly problem: Problem };

export interface Home {
  readonly cart: Panel;
  readonly recommendations: Panel;
  /** Everybody who had a part in it, the storefront first. */
  readonly answeredBy: readonly Answer[];
}

/** Asks for both at once; one that fails leaves the other alone. */
export async function gatherHome(self: Identity): Promise<Home> {
  const [cart, recommendations] = await Promise.all([
    panel("cart-service", "/cart"),
    panel("recommendation-service", "/recommendations"),
  ]);
  const answeredBy = [cart, recommendations].flatMap((one) => (one.ok ? one.answeredBy : []));
  return { cart, recommendations, answeredBy: [self, ...answeredBy] };
}

async function panel(service: string, path: string): Promise<Panel> {
  try {
    return { ok: true, ...(await ask(service, path)) };
  } catch (error) {
    if (error instanceof PeerFault) return { ok: false, problem: error.problem };
    throw error;
  }
}
