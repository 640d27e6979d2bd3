import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { emptyTable, formatTableId, nextTag, type RouteTable } from "@cocktail/route";

/**
 * A control plane that does what a test tells it to, over real sockets: its head is what was published last, and every
 * stream says what it is told.
 */
export class TableServer implements AsyncDisposable {
  /** Ids that readers resumed from, oldest first; undefined where a reader had nothing. */
  readonly resumedFrom: (string | undefined)[] = [];
  /** How often the head was asked for outside of a stream. */
  headRequests = 0;
  readonly #streams = new Set<ServerResponse>();
  #head: RouteTable;
  #server: Server | undefined;
  #port = 0;

  constructor(head: RouteTable = emptyTable("00000001")) {
    this.#head = head;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get head(): RouteTable {
    return this.#head;
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** The port is kept, so that a stopped server comes back where its readers look for it. */
  async start(): Promise<void> {
    const server = createServer((request, response) => this.#answer(request, response));
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    this.#port = addressOf(server).port;
    this.#server = server;
  }

  /** As a killed process: every connection is cut. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  }

  /** Makes it the head, and tells every stream. */
  publish(table: RouteTable): RouteTable {
    this.#head = table;
    this.say(eventOf(table));
    return table;
  }

  /** Makes it the head, and tells nobody: the event was lost. */
  publishSilently(table: RouteTable): RouteTable {
    this.#head = table;
    return table;
  }

  /** Any bytes, to every stream. */
  say(text: string | Uint8Array): void {
    for (const stream of this.#streams) stream.write(text);
  }

  /** Ends every stream in the middle of whatever it said. */
  cut(): void {
    for (const stream of this.#streams) stream.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    if (request.url === "/v1/route-table") {
      this.headRequests++;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(this.#head));
      return;
    }
    const from = request.headers["last-event-id"];
    this.resumedFrom.push(typeof from === "string" ? from : undefined);
    response.setHeader("content-type", "text/event-stream");
    response.write(": alive\n\n");
    this.#streams.add(response);
    response.once("close", () => this.#streams.delete(response));
    if (from !== formatTableId(this.#head)) response.write(eventOf(this.#head));
  }
}

export function eventOf(table: RouteTable): string {
  return `id: ${formatTableId(table)}\nevent: table\ndata: ${JSON.stringify(table)}\n\n`;
}

/** The table that follows, with one variant of this revision. */
export function following(table: RouteTable, revision: string): RouteTable {
  const epoch = table.epoch + 1;
  const stable = { incarnation: 1, tier: "stable", revision, onUnavailable: "Fail" } as const;
  const services = { "cart-service": { stable } };
  const content = { epoch, services, environments: table.environments };
  return { ...table, ...content, tag: nextTag(table.tag, content) };
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("listens on no port");
  return address;
}
