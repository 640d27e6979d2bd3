import { execFile } from "node:child_process";
import net from "node:net";
import { promisify } from "node:util";
import autocannon from "autocannon";
import { isInstalled } from "./gateway-contestants.ts";

export interface Load {
  readonly port: number;
  /** Default: `/`. */
  readonly path?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
}

export interface Measured {
  readonly requests: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Answers other than 2xx, and broken connections. */
  readonly bad: number;
}

export const client: "wrk" | "autocannon" = isInstalled("wrk") ? "wrk" : "autocannon";

/** As many requests as the proxy can take. */
export function saturate(load: Load): Promise<Measured> {
  return client === "wrk" ? withWrk(load) : withAutocannon(load);
}

async function withWrk({
  port,
  path = "/",
  headers,
  connections,
  seconds,
}: Load): Promise<Measured> {
  const { stdout } = await promisify(execFile)("wrk", [
    "-t1",
    `-c${connections}`,
    `-d${seconds}s`,
    "--latency",
    ...Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]),
    `http://127.0.0.1:${port}${path}`,
  ]);
  const found = (pattern: RegExp): string => pattern.exec(stdout)?.[1] ?? "0";
  const errors = [...found(/Socket errors: ([^\n]*)/).matchAll(/\d+/g)].map(Number);
  return {
    requests: Number(found(/(\d+) requests in/)),
    perSecond: Number(found(/Requests\/sec:\s+([0-9.]+)/)),
    p50: milliseconds(found(/^\s+50%\s+(\S+)/m)),
    p99: milliseconds(found(/^\s+99%\s+(\S+)/m)),
    bad: errors.reduce(
      (sum, count) => sum + count,
      Number(found(/Non-2xx or 3xx responses: (\d+)/)),
    ),
  };
}

function milliseconds(text: string): number {
  const value = Number.parseFloat(text);
  if (text.endsWith("us")) return value / 1000;
  return text.endsWith("ms") ? value : value * 1000;
}

async function withAutocannon(load: Load): Promise<Measured> {
  const { port, path = "/", headers, connections, seconds } = load;
  const url = `http://127.0.0.1:${port}${path}`;
  const result = await autocannon({ url, headers, connections, duration: seconds });
  return {
    requests: result.requests.total,
    perSecond: result.requests.average,
    p50: result.latency.p50,
    p99: result.latency.p99,
    bad: result.non2xx + result.errors,
  };
}

/**
 * A fixed rate over kept connections. A request that finds no free connection waits, and its wait counts: a proxy that
 * stalls can't hide it by being asked less.
 */
export async function steady(load: Load, perSecond: number): Promise<Measured> {
  const lines = Object.entries(load.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = `GET / HTTP/1.1\r\nHost: 127.0.0.1:${load.port}\r\n${lines.join("")}\r\n`;
  const latencies: number[] = [];
  const due: number[] = [];
  let bad = 0;
  const free: net.Socket[] = [];
  const send = (): void => {
    while (due.length > 0 && free.length > 0) free.pop()?.emit("ask", due.shift());
  };
  const sockets = await Promise.all(
    Array.from({ length: load.connections }, () =>
      open(load.port, request, (since, ok, socket) => {
        latencies.push(performance.now() - since);
        if (!ok) bad++;
        free.push(socket);
        send();
      }),
    ),
  );
  free.push(...sockets);
  const started = performance.now();
  const total = Math.floor(perSecond * load.seconds);
  for (let sent = 0; sent < total;) {
    const until = Math.min(total, Math.floor(((performance.now() - started) / 1000) * perSecond));
    for (; sent < until; sent++) due.push(started + (sent / perSecond) * 1000);
    send();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  while (latencies.length < total && performance.now() - started < load.seconds * 3000) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  for (const socket of sockets) socket.destroy();
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return {
    requests: latencies.length,
    perSecond: latencies.length / load.seconds,
    p50: at(0.5),
    p99: at(0.99),
    bad: bad + total - latencies.length,
  };
}

type OnAnswer = (since: number, ok: boolean, socket: net.Socket) => void;

/** A connection that sends one request at a time on `ask` and reads answers with a Content-Length. */
function open(port: number, request: string, onAnswer: OnAnswer): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, "127.0.0.1", () => resolve(socket));
    let since = 0;
    let text = "";
    socket.setNoDelay(true);
    socket.on("error", reject);
    socket.on("ask", (at: number) => {
      since = at;
      socket.write(request);
    });
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      const end = text.indexOf("\r\n\r\n");
      if (end < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      if (text.length < end + 4 + length) return;
      const ok = text.startsWith("HTTP/1.1 200");
      text = "";
      onAnswer(since, ok, socket);
    });
  });
}
