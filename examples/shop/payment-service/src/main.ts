import { join } from "node:path";
import { createService, numberOf, start } from "@cocktail-shop/chassis";
import { pay } from "./payment.ts";

const { app, self } = await createService(join(import.meta.dirname, ".."));
app.post("/payments", (request, reply) => {
  const payment = pay(numberOf(request.body, "amountCents"));
  return reply.code(201).send({ ...payment, answeredBy: [self] });
});
await start(app, self);
