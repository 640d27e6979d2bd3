import { type Answer, ask, fieldOf, PeerFault } from "@cocktail-shop/chassis";

export interface Suggestion {
  readonly text: string;
  readonly answeredBy: readonly Answer[];
}

/** One more sentence for the customer; none where nobody has a recommendation, which is no reason not to write. */
export async function suggest(): Promise<Suggestion> {
  try {
    const { body, answeredBy } = await ask("recommendation-service", "/recommendations");
    const items = fieldOf(body, "items");
    const title = Array.isArray(items) ? fieldOf(items[0], "title") : undefined;
    return { text: typeof title === "string" ? ` You may also like: ${title}.` : "", answeredBy };
  } catch (error) {
    if (error instanceof PeerFault) return { text: "", answeredBy: [] };
    throw error;
  }
}
