import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What became of the routes of 200 requests. */
export interface Outcome {
  readonly requests: number;
  /** Requests with a call that carried no route. */
  readonly lost: number;
  /** Requests with a call that carried the route of another, or one although there was none. */
  readonly mixed: number;
}

export const requests = 200;
const atOnce = 50;
/** In the place of pins, from requests that have none. */
const none = "none";

/** A service that answers with the pins it saw, a little later, so that calls overtake each other. */
export async function startEcho(): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((request, response) => {
    const pins = String(request.headers["x-service-route"] ?? none);
    setTimeout(() => response.end(pins), Math.random() * 5);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, server };
}

/** Sends the requests, each with a route of its own and every sixth with none, and counts what their calls carried. */
export async function interleave(url: string): Promise<Outcome> {
  let next = 0;
  let lost = 0;
  let mixed = 0;
  const worker = async (): Promise<void> => {
    while (next < requests) {
      const n = next++;
      const pins = n % 6 === 5 ? none : `payment-service:mp-${n}`;
      const seen = await ask(url, pins);
      if (seen.some((one) => one !== pins && one === none)) lost++;
      if (seen.some((one) => one !== pins && one !== none)) mixed++;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return { requests: next, lost, mixed };
}

/** What the calls of one request carried. */
async function ask(url: string, pins: string): Promise<readonly string[]> {
  const answer = await fetch(url, {
    // Apollo refuses a GET that a form of another site could have sent.
    headers: {
      "apollo-require-preflight": "true",
      ...(pins === none ? {} : { "x-service-route": pins }),
    },
  });
  const text = await answer.text();
  const seen = /seen\(([^)]+)\)/.exec(text)?.[1];
  if (answer.ok && seen !== undefined) return seen.split(" ");
  throw new Error(`${url} answered ${answer.status}: ${text}`);
}
