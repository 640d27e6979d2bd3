import { until } from "@cocktail/test-support";
import { type GatewayOptions, createGateway, type Gateway, type Listener } from "../src/index.ts";
import http, { type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import net, { type AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { emptyTable, type RouteTable, type TableVariant } from "@cocktail/route";

/** What a test varies of the table: `service:key` -> destination, environments by name. */
export interface TableSpec {
  readonly variants: Readonly<Record<string, string>>;
  readonly environments?: RouteTable["environments"];
  readonly epoch?: number;
}

export function tableOf({ variants, environments = {}, epoch = 1 }: TableSpec): RouteTable {
  const services: Record<string, Record<string, TableVariant>> = {};
  for (const [label, destination] of Object.entries(variants)) {
    const [service = "", key = ""] = label.split(":");
    const tier = key === "stable" || key === "rc" ? key : "branch";
    const variant: TableVariant = {
      incarnation: 1,
      tier,
      revision: "0000000",
      destination,
      onUnavailable: "Fail",
    };
    services[service] = { ...services[service], [key]: variant };
  }
  const empty = emptyTable("00000000");
  return { ...empty, epoch, services, environments: { ...empty.environments, ...environments } };
}

/** A server that is closed with its connections when the test ends. */
export async function serve(
  t: TestContext,
  listener: RequestListener,
): Promise<http.Server & { url: string }> {
  const server = http.createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(server, { url: `http://127.0.0.1:${portOf(server)}` });
}

export function portOf(server: net.Server | http.Server): number {
  return (server.address() as AddressInfo).port;
}

/** An HTTP/1.1 server in bytes: gives every connection to `speak`. */
export async function serveRaw(
  t: TestContext,
  speak: (socket: net.Socket) => void,
): Promise<string> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    speak(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${portOf(server)}`;
}

/** Answers with what it got: the name it was given, method, path, raw headers and body. */
export function echo(name: string): RequestListener {
  return (req: IncomingMessage, res: ServerResponse) => {
    const chunks: Buffer[] = [];
    req.on("data", (chunk: Buffer) => chunks.push(chunk));
    req.on("end", () => {
      const body = Buffer.concat(chunks).toString("latin1");
      const { method, url, rawHeaders, rawTrailers } = req;
      const text = JSON.stringify({ name, method, url, rawHeaders, rawTrailers, body });
      res.writeHead(200, { "content-type": "application/json" });
      res.end(text);
    });
  };
}

export interface Echoed {
  readonly name: string;
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

export function echoed(response: { readonly body: string }): Echoed {
  return JSON.parse(response.body) as Echoed;
}

/** All values of a header in raw headers. */
export function valuesOf(raw: readonly string[], name: string): string[] {
  return raw.filter((_, at) => at % 2 === 1 && raw[at - 1]?.toLowerCase() === name);
}

export type WorldOptions = Partial<GatewayOptions>;

export interface World {
  readonly gateway: Gateway;
  readonly edge: Listener;
  /** Replaces the table and says so. */
  publish(table: RouteTable): void;
}

export const shopSettings: GatewayOptions["settings"] = {
  domain: "localhost",
  services: {
    storefront: { entry: true, protocol: "auto" },
    cart: { entry: true, protocol: "auto" },
    payment: { entry: false, protocol: "auto" },
  },
};

/** A gateway with an edge listener, closed when the test ends. */
export async function openWorld(
  t: TestContext,
  table: RouteTable,
  options: WorldOptions = {},
): Promise<World> {
  const gateway = createGateway({ settings: shopSettings, ...options, table });
  t.after(() => gateway.close({ graceMs: 0 }));
  const edge = await gateway.listenEdge({ host: "127.0.0.1", port: 0 });
  const publish = (next: RouteTable): void => gateway.setTable(next);
  return { gateway, edge, publish };
}

export interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly host?: string;
  readonly headers?: http.OutgoingHttpHeaders | readonly string[];
  readonly body?: string | Buffer;
  readonly agent?: http.Agent;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly trailers: NodeJS.Dict<string>;
  readonly body: string;
}

/** One request over an own connection; the host is `storefront.localhost` unless said otherwise. */
export function ask(port: number, asked: Asked = {}): Promise<Answer> {
  const {
    method = "GET",
    path = "/",
    host = "storefront.localhost",
    headers = {},
    body,
    agent,
  } = asked;
  return new Promise((resolve, reject) => {
    const all = isFlat(headers) ? ["host", host, ...headers] : { host, ...headers };
    const req = http.request(
      {
        host: "127.0.0.1",
        port,
        method,
        path,
        headers: all,
        agent: agent ?? false,
      },
      (res) => {
        const chunks: Buffer[] = [];
        res.on("data", (chunk: Buffer) => chunks.push(chunk));
        res.on("error", reject);
        res.on("end", () => {
          const { statusCode = 0, rawHeaders, trailers } = res;
          const text = Buffer.concat(chunks).toString();
          resolve({ status: statusCode, headers: res.headers, rawHeaders, trailers, body: text });
        });
      },
    );
    req.on("error", reject);
    req.end(body);
  });
}

function isFlat(
  headers: http.OutgoingHttpHeaders | readonly string[],
): headers is readonly string[] {
  return Array.isArray(headers);
}

export interface ProblemBody {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly fix: string;
  readonly variant?: string;
  readonly missed?: readonly string[];
}

export function problemOf(answer: { readonly body: string }): ProblemBody {
  return JSON.parse(answer.body) as ProblemBody;
}

/** A GET in bytes; `headers` are whole lines. */
export function getRequest(path: string, headers: string = ""): string {
  return `GET ${path} HTTP/1.1\r\nHost: storefront.localhost\r\n${headers}\r\n`;
}

/** A connection in bytes. */
export class RawClient {
  readonly socket: net.Socket;
  received = "";
  ended = false;
  closed = false;

  constructor(port: number) {
    this.socket = net.connect({ host: "127.0.0.1", port, allowHalfOpen: true });
    this.socket.on("data", (chunk: Buffer) => {
      this.received += chunk.toString("latin1");
    });
    this.socket.on("end", () => {
      this.ended = true;
    });
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => {
      this.closed = true;
    });
  }

  /** Until anything more has come, the end included. */
  async more(): Promise<void> {
    const before = this.received.length;
    const done = gate();
    const look = (): void => {
      if (this.received.length > before || this.ended || this.closed) done.open();
    };
    for (const event of ["data", "end", "close"]) this.socket.on(event, look);
    await done.promise;
    for (const event of ["data", "end", "close"]) this.socket.off(event, look);
  }

  send(text: string): void {
    this.socket.write(text, "latin1");
  }

  /** Until the other side has closed; everything received. */
  async whole(): Promise<string> {
    await until("the connection to be closed", () => this.ended || this.closed, {
      seen: () => this.received,
    });
    return this.received;
  }

  async until(text: string): Promise<string> {
    await until(`"${text}"`, () => this.received.includes(text), { seen: () => this.received });
    return this.received;
  }

  close(): void {
    this.socket.destroy();
  }
}

/** Sends bytes, waits for the close, and gives back everything that came. */
export async function rawExchange(t: TestContext, port: number, text: string): Promise<string> {
  const client = new RawClient(port);
  t.after(() => client.close());
  client.send(text);
  return client.whole();
}

/** Waits until a number that has begun to grow no longer does: nothing for a tenth of a second, several times over. */
export async function stalled(read: () => number, what: string): Promise<number> {
  let before = 0;
  let same = 0;
  await until(
    what,
    () => {
      const now = read();
      same = now === before && now > 0 ? same + 1 : 0;
      before = now;
      return same > 50;
    },
    { seen: read, everyMs: 2 },
  );
  return before;
}

/** A promise and its ends. */
export function gate<T = void>(): {
  readonly promise: Promise<T>;
  readonly open: (value: T) => void;
} {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { promise, open: resolve };
}
