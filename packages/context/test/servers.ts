import { type EventEmitter, once } from "node:events";
import {
  createServer,
  get,
  type IncomingHttpHeaders,
  request,
  type RequestListener,
  type RequestOptions,
  type Server,
} from "node:http";
import type { AddressInfo } from "node:net";

export interface Running extends AsyncDisposable {
  readonly url: string;
  readonly host: string;
  readonly port: number;
}

/** A listening server on an ephemeral port of the loopback, closed with everything that hangs on it. */
export async function serve(server: Server | RequestListener): Promise<Running> {
  const listening = typeof server === "function" ? createServer(server) : server;
  listening.listen(0, "127.0.0.1");
  await once(listening, "listening");
  const port = portOf(listening);
  return {
    url: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    port,
    [Symbol.asyncDispose]: async () => {
      listening.closeAllConnections();
      await new Promise((closed) => listening.close(closed));
    },
  };
}

export function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return address.port;
}

/** What a test's own other side sent; a wrong shape fails the assertion it is for. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the test names what it sent
export function parsed<T>(text: string): T {
  return JSON.parse(text) as T;
}

/** The first argument of an emitter's next event. */
export async function next<T>(emitter: EventEmitter, event: string): Promise<T> {
  const values: readonly unknown[] = await once(emitter, event);
  return values[0] as T;
}

/** What a downstream service saw of a call. */
export interface Seen {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
}

/** Answers every request with what it saw of it. */
export const echo: RequestListener = (incoming, outgoing) => {
  incoming.resume();
  const { url = "", headers, rawHeaders } = incoming;
  outgoing.end(JSON.stringify({ url, headers, rawHeaders } satisfies Seen));
};

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Call {
  readonly method?: string;
  readonly headers?: Record<string, string | string[]> | readonly string[];
  readonly body?: string;
}

/** A call by node:http. */
export function call(
  url: string,
  { method = "GET", headers = {}, body }: Call = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
      incoming.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** What an `echo` server saw of a call by node:http. */
export async function callEcho(url: string, options?: Call): Promise<Seen> {
  return parsed((await call(url, options)).body);
}

/** What an `echo` server saw of a GET, however it was to be reached. */
export function getEcho(options: RequestOptions): Promise<Seen> {
  return new Promise((resolve, reject) => {
    get(options, (incoming) => {
      let text = "";
      incoming.on("data", (chunk: Buffer) => (text += chunk.toString()));
      incoming.on("end", () => resolve(parsed(text)));
    }).on("error", reject);
  });
}

/** What an `echo` server saw of a fetch. */
export async function fetchEcho(url: string, options?: RequestInit): Promise<Seen> {
  return parsed(await (await fetch(url, options)).text());
}

/** How often a header is there, whatever its case. */
export function lines(seen: Seen, name: string): number {
  return seen.rawHeaders.filter((text, at) => at % 2 === 0 && text.toLowerCase() === name).length;
}
