import { join } from "node:path";
import { createService, numberOf, start } from "@cocktail-shop/chassis";
import { placeOrder } from "./order.ts";

const { app, self } = await createService(join(import.meta.dirname, ".."));
app.post("/orders", async (request, reply) => {
  const order = await placeOrder(numberOf(request.body, "totalCents"));
  return reply.code(201).send({ ...order, answeredBy: [self, ...order.answeredBy] });
});
await start(app, self);
