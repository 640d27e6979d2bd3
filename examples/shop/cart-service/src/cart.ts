export interface Item {
  readonly sku: string;
  readonly title: string;
  readonly quantity: number;
  readonly priceCents: number;
}

export interface Cart {
  readonly items: readonly Item[];
  readonly totalCents: number;
  readonly note: string;
}

const items: readonly Item[] = [
  { sku: "shaker", title: "Boston shaker", quantity: 1, priceCents: 3_900 },
  { sku: "strainer", title: "Hawthorne strainer", quantity: 1, priceCents: 1_450 },
];

/** Everybody's cart: the shop has one customer. */
export function readCart(): Cart {
  const totalCents = items.reduce((sum, item) => sum + item.quantity * item.priceCents, 0);
  return { items, totalCents, note: "Shipping is added at checkout." };
}
