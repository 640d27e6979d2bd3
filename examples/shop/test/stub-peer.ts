import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";

export interface Seen {
  readonly line: string;
  readonly headers: IncomingHttpHeaders;
}

export interface StubPeer extends AsyncDisposable {
  readonly url: string;
  /** `host:port`, for COCKTAIL_HOSTS. */
  readonly host: string;
  /** Every request it got. */
  readonly seen: readonly Seen[];
}

export interface StubAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** A neighbour on a real socket that answers everything the same way. */
export async function startStub({
  status = 200,
  headers = {},
  body,
}: StubAnswer): Promise<StubPeer> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    seen.push({ line: `${request.method} ${request.url}`, headers: request.headers });
    request.resume().on("end", () => {
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(JSON.stringify(body));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.close().closeAllConnections();
      await once(server, "close");
    },
  };
}
