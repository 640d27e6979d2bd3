import { once } from "node:events";
import {
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as plainRequest,
  type ServerResponse,
} from "node:http";
import { Agent, createServer, request, type RequestOptions } from "node:https";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { KubeConfig } from "@cocktail/kubernetes";
import { selfSigned } from "./self-signed.ts";

/** What goes wrong with a request. */
export type Fault =
  /** The connection ends without an answer; the API never sees the request. */
  | { readonly kind: "drop" }
  /** The API executes it, and the answer is lost. `executed` is called in between. */
  | { readonly kind: "loseAnswer"; readonly executed?: () => void }
  | { readonly kind: "delay"; readonly ms: number }
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly reason?: string;
      readonly retryAfterSeconds?: number;
    }
  /** The connection stays open, and nothing comes. */
  | { readonly kind: "silent" }
  /** The head of the real answer, and then silence. */
  | { readonly kind: "halfOpen" }
  /** So many bytes of the real body, then the connection ends. */
  | { readonly kind: "truncate"; readonly bytes: number }
  /** An ERROR event, as the first of a watch. */
  | { readonly kind: "watchError"; readonly status: number; readonly reason: string }
  /** 200 and the end. */
  | { readonly kind: "closeAtOnce" };

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly isWatch: boolean;
}

export interface FaultProxy extends AsyncDisposable {
  readonly config: KubeConfig;
  /** The configuration as a file, for processes. */
  readonly kubeconfig: string;
  /** All requests, in the order of their arrival. */
  readonly seen: readonly Seen[];
  /** Asked for every request; undefined lets it pass. */
  faultOf: (request: Seen) => Fault | undefined;
  /** The next requests that match get these faults, one each, before `faultOf` is asked. */
  once(matches: (request: Seen) => boolean, ...faults: readonly Fault[]): void;
  /** Ends every connection, as a restarting load balancer does. */
  cut(): void;
  readonly connections: number;
}

/** An HTTPS proxy before the API of a kubeconfig, that makes the faults of a network and of an API server. */
export async function faultProxy(real = fromEnvironment()): Promise<FaultProxy> {
  const cluster = real.getCurrentCluster();
  if (cluster === null) throw new Error("the kubeconfig has no current context");
  const certificate = await selfSigned();
  const options: RequestOptions = {};
  await real.applyToHTTPSOptions(options);
  const { ca, cert, key } = options;
  const agent = new Agent({ ca, cert, key, keepAlive: true });
  const planned: { matches: (request: Seen) => boolean; fault: Fault }[] = [];
  const seen: Seen[] = [];
  const server = createServer(certificate, (incoming, outgoing) => {
    const request = describe(incoming);
    seen.push(request);
    const at = planned.findIndex(({ matches }) => matches(request));
    const fault = at < 0 ? proxy.faultOf(request) : planned.splice(at, 1)[0]?.fault;
    const url = new URL(incoming.url ?? "/", cluster.server);
    credentialsOf(real)
      .then((headers) => handle(incoming, outgoing, { url, agent, headers }, fault))
      .catch(() => outgoing.destroy());
  });
  const sockets = new Set<{ destroy(): void }>();
  server.on("secureConnection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const config = configOf(`https://127.0.0.1:${port}`, certificate.cert);
  const directory = await mkdtemp(join(tmpdir(), "fault-proxy-"));
  const kubeconfig = join(directory, "kubeconfig");
  await writeFile(kubeconfig, config.exportConfig(), { mode: 0o600 });
  const proxy: FaultProxy = {
    config,
    kubeconfig,
    seen,
    faultOf: () => undefined,
    once: (matches, ...faults) => {
      for (const fault of faults) planned.push({ matches, fault });
    },
    cut,
    get connections() {
      return sockets.size;
    },
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      cut();
      agent.destroy();
      await closed;
      await rm(directory, { recursive: true });
    },
  };
  return proxy;
}

function fromEnvironment(): KubeConfig {
  const config = new KubeConfig();
  config.loadFromDefault();
  return config;
}

/** They may expire. */
async function credentialsOf(config: KubeConfig): Promise<OutgoingHttpHeaders> {
  const options: { readonly headers: OutgoingHttpHeaders } = { headers: {} };
  await config.applyToHTTPSOptions(options);
  return options.headers;
}

/** Who may use the proxy needs no credentials: it has its own. */
function configOf(server: string, cert: string): KubeConfig {
  const config = new KubeConfig();
  const caData = Buffer.from(cert).toString("base64");
  config.loadFromClusterAndUser(
    { name: "proxy", server, caData, skipTLSVerify: false },
    { name: "user", token: "none" },
  );
  return config;
}

function describe({ method = "", url = "/" }: IncomingMessage): Seen {
  const { pathname, searchParams } = new URL(url, "https://proxy");
  return { method, path: pathname, isWatch: searchParams.has("watch") };
}

interface Target {
  readonly url: URL;
  readonly agent: Agent;
  readonly headers: OutgoingHttpHeaders;
}

async function handle(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  target: Target,
  fault: Fault | undefined,
): Promise<void> {
  switch (fault?.kind) {
    case "drop":
      incoming.socket.destroy();
      return;
    case "silent":
      incoming.resume();
      return;
    case "answer":
      incoming.resume();
      answer(outgoing, fault);
      return;
    case "closeAtOnce":
      incoming.resume();
      outgoing.writeHead(200, { "content-type": "application/json" }).end();
      return;
    case "watchError": {
      incoming.resume();
      const object = statusOf(fault.status, fault.reason);
      outgoing.writeHead(200, { "content-type": "application/json" });
      outgoing.end(`${JSON.stringify({ type: "ERROR", object })}\n`);
      return;
    }
    case "delay":
      await delay(fault.ms);
      // A client that gave up is not served any more.
      if (!incoming.socket.destroyed) await forward(incoming, outgoing, target, undefined);
      return;
    default:
      await forward(incoming, outgoing, target, fault);
  }
}

function answer(outgoing: ServerResponse, fault: Fault & { readonly kind: "answer" }): void {
  const { status, reason = "InternalError", retryAfterSeconds } = fault;
  outgoing.writeHead(status, {
    "content-type": "application/json",
    ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }),
  });
  outgoing.end(JSON.stringify(statusOf(status, reason)));
}

const statusOf = (code: number, reason: string): object => ({
  apiVersion: "v1",
  kind: "Status",
  status: "Failure",
  code,
  reason,
  message: `planted: ${reason}`,
});

async function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { url, agent, headers: credentials }: Target,
  fault: (Fault & { readonly kind: "loseAnswer" | "halfOpen" | "truncate" }) | undefined,
): Promise<void> {
  const send = url.protocol === "http:" ? plainRequest : request;
  const { authorization: _, ...own } = incoming.headers;
  const headers = { ...own, ...credentials, host: url.host };
  const upstream = send(url, { method: incoming.method, headers, agent });
  outgoing.on("close", () => upstream.destroy());
  incoming.pipe(upstream);
  const [response] = (await once(upstream, "response")) as [IncomingMessage];
  response.on("error", () => outgoing.destroy());
  if (fault?.kind === "loseAnswer") {
    response.resume();
    await once(response, "end");
    fault.executed?.();
    outgoing.destroy();
    return;
  }
  outgoing.writeHead(response.statusCode ?? 502, response.headers);
  outgoing.flushHeaders();
  if (fault?.kind === "halfOpen") {
    response.resume();
    return;
  }
  if (fault?.kind === "truncate") {
    let left = fault.bytes;
    response.on("data", (part: Buffer) => {
      outgoing.write(part.subarray(0, left), () => {
        if (left <= 0) outgoing.destroy();
      });
      left -= part.length;
    });
    return;
  }
  response.pipe(outgoing);
}
