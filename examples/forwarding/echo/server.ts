// Says who it is and what of a route reached it. Takes a while, so that requests overlap.
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

const { HOST, PORT, COCKTAIL_VARIANT: variant, OUTSIDE_URL } = process.env;

createServer((request, response) => {
  const route = Object.entries(request.headers).filter(([name]) => /route|^baggage$/.test(name));
  void pause(Math.random() * 20).then(() => {
    if (request.url === "/elsewhere") response.writeHead(302, { location: OUTSIDE_URL }).end();
    else response.end(JSON.stringify({ variant, ...Object.fromEntries(route) }));
  });
}).listen(Number(PORT), HOST);
