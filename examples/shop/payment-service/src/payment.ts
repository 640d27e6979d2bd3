import { randomUUID } from "node:crypto";

export interface Payment {
  readonly id: string;
  readonly amountCents: number;
  readonly feeCents: number;
  readonly method: string;
  readonly settledIn: string;
}

/** Takes the money. */
export function pay(amountCents: number): Payment {
  const feeCents = Math.round(amountCents * 0.019) + 30;
  return { id: randomUUID(), amountCents, feeCents, method: "card", settledIn: "2 days" };
}
