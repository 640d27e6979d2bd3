import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Registry } from "prom-client";

/** Throws, or gives the reason, if it does not hold. */
export type HealthCheck = () => string | undefined;

export interface HealthServerOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly registry: Registry;
  /** A failure has the process restarted: only for what a restart mends. */
  readonly alive?: Readonly<Record<string, HealthCheck>> | undefined;
  /** A failure takes the process out of service. */
  readonly ready?: Readonly<Record<string, HealthCheck>> | undefined;
}

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
}

/** Serves `/healthz`, `/readyz` and `/metrics` to the kubelet and to Prometheus; nothing else, and no body is read. */
export async function serveHealth(options: HealthServerOptions): Promise<HealthServer> {
  const limits = {
    maxHeaderSize: 8_192,
    headersTimeout: 5_000,
    requestTimeout: 5_000,
    keepAliveTimeout: 30_000,
  };
  const server = createServer(
    { ...limits, connectionsCheckingInterval: 1_000 },
    (request, response) => {
      answerTo(options, request)
        .catch((error: unknown): Answer => ({ status: 500, body: String(error) }))
        .then((answer) => send(response, answer, request.method === "HEAD"))
        .catch(() => response.destroy());
    },
  );
  server.maxConnections = 64;
  server.maxRequestsPerSocket = 1_000;
  server.listen(options.port, options.host);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new Error(`${options.host}:${options.port} is no TCP address`);
  return {
    port: address.port,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answerTo(
  { alive, ready, registry }: HealthServerOptions,
  { method, url = "/" }: IncomingMessage,
): Promise<Answer> {
  if (method !== "GET" && method !== "HEAD") return { status: 405, body: "only GET and HEAD\n" };
  switch (url.split("?")[0]) {
    case "/healthz":
      return report(alive);
    case "/readyz":
      return report(ready);
    case "/metrics":
      return { status: 200, body: await registry.metrics(), type: registry.contentType };
    default:
      return { status: 404, body: "there are /healthz, /readyz and /metrics\n" };
  }
}

/** The form of Kubernetes: a line for each check. */
function report(checks: Readonly<Record<string, HealthCheck>> = {}): Answer {
  const results = Object.entries(checks).map(([name, check]) => ({
    name,
    failure: failureOf(check),
  }));
  const lines = results.map(({ name, failure }) =>
    failure === undefined ? `[+]${name} ok\n` : `[-]${name} failed: ${failure}\n`,
  );
  const isGood = results.every(({ failure }) => failure === undefined);
  return { status: isGood ? 200 : 503, body: `${lines.join("")}${isGood ? "ok" : "not ok"}\n` };
}

function failureOf(check: HealthCheck): string | undefined {
  try {
    return check();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function send(
  response: ServerResponse,
  { status, body, type = "text/plain" }: Answer,
  isHead: boolean,
): void {
  // What a client sends along is not read.
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    ...(status >= 400 ? { connection: "close" } : {}),
  });
  response.end(isHead ? undefined : body);
}
