// `node main.js servers|clients NAME [preloaded]`: a service that makes its calls to DOWNSTREAM. Its only line is its port.
import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { withRoute } from "@cocktail/context";
import { clients } from "./clients.js";
import { servers } from "./servers.js";

const [kind, name, wiring] = process.argv.slice(2);
const downstream = process.env.DOWNSTREAM;

/** What a handler does: wait, so that requests overtake each other, then call. What it answers the test looks for. */
const workOf = (calls) => async () => {
  await pause(Math.random() * 5);
  const pins = await Promise.all(calls.map((call) => call()));
  return `seen(${pins.join(" ")})`;
};

async function clientServer() {
  const work = workOf([await clients[name](downstream)]);
  const listener = withRoute((_, response) => {
    work().then(
      (seen) => response.end(seen),
      /** @param {unknown} error */
      (error) => response.writeHead(500).end(String(error)),
    );
  });
  return createServer(listener);
}

const byEach = ["fetch", "node:http"].map((client) => clients[client](downstream));
const server =
  kind === "servers"
    ? await servers[name]({ work: workOf(byEach), preloaded: wiring === "preloaded" })
    : await clientServer();
if (!server.listening) await once(server.listen(0, "127.0.0.1"), "listening");
console.log(server.address().port);
