import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";

/** A server that is no part of the cocktail, and the names of the route headers that each request brought to it. */
export interface Outside extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly (readonly string[])[];
}

export async function startOutside(): Promise<Outside> {
  const received: string[][] = [];
  const server = createServer(({ headers }, response) => {
    received.push(Object.keys(headers).filter((name) => /route|^baggage$/.test(name)));
    response.setHeader("content-type", "application/json").end("{}");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    // By another name than the cocktail's own addresses, which begin with 127.0.0.1.
    url: `http://localhost:${port}/`,
    received,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
