import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { ask, createService, numberOf, routeOf, start } from "@cocktail-shop/chassis";
import { doorOf } from "./door.ts";
import { gatherHome } from "./home.ts";
import { renderPage } from "./page.ts";
import { gatherVisits } from "./visits.ts";

const { app, self } = await createService(join(import.meta.dirname, ".."));

app.get("/", async (request, reply) => {
  const nonce = randomBytes(16).toString("base64");
  const policy = `default-src 'none'; connect-src 'self'; form-action 'self'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'`;
  const { headers } = request;
  const view = { route: routeOf(headers), door: doorOf(headers), nonce };
  return reply
    .type("text/html; charset=utf-8")
    .headers({ "content-security-policy": policy, "cache-control": "no-store" })
    .send(renderPage(await gatherHome(self), view));
});

app.get("/api/home", () => gatherHome(self));

app.get("/api/cart", async () => {
  const { body, answeredBy } = await ask("cart-service", "/cart");
  return { cart: body, answeredBy: [self, ...answeredBy] };
});

app.get("/api/recommendations", async () => {
  const { body, answeredBy } = await ask("recommendation-service", "/recommendations");
  return { recommendations: body, answeredBy: [self, ...answeredBy] };
});

app.post("/api/checkout", async (_request, reply) => {
  const cart = await ask("cart-service", "/cart");
  const totalCents = numberOf(cart.body, "totalCents");
  const order = await ask("order-service", "/orders", { totalCents });
  const answeredBy = [self, ...cart.answeredBy, ...order.answeredBy];
  return reply.code(201).send({ order: order.body, answeredBy });
});

app.get("/api/visits", async () => {
  const own = await app.inject("/visits");
  return gatherVisits(own.json());
});

await start(app, self);
