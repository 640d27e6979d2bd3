import { join } from "node:path";
import { createService, start } from "@cocktail-shop/chassis";
import { readCart } from "./cart.ts";

const { app, self } = await createService(join(import.meta.dirname, ".."));
app.get("/cart", () => ({ ...readCart(), answeredBy: [self] }));
await start(app, self);
