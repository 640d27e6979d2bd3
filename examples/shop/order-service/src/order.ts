import { randomUUID } from "node:crypto";
import { type Answer, ask, fieldOf } from "@cocktail-shop/chassis";

export interface Order {
  readonly id: string;
  readonly totalCents: number;
  readonly delivery: string;
  readonly payment: unknown;
  readonly notification: unknown;
  readonly answeredBy: readonly Answer[];
}

/** Takes the money, then tells the customer. */
export async function placeOrder(totalCents: number): Promise<Order> {
  const id = randomUUID();
  const payment = await ask("payment-service", "/payments", { amountCents: totalCents });
  const method = String(fieldOf(payment.body, "method"));
  const text = `Your order ${id.slice(0, 8)} is paid by ${method}.`;
  const notification = await ask("notification-service", "/notifications", { text });
  return {
    id,
    totalCents,
    delivery: "3 to 5 days",
    payment: payment.body,
    notification: notification.body,
    answeredBy: [...payment.answeredBy, ...notification.answeredBy],
  };
}
