import { request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";

/** Where and how to probe a service. */
export interface ReadinessCheck {
  /** Tried in order: a server may listen on `::1` alone. */
  readonly hosts: readonly string[];
  readonly port: number;
  /** Absent: it listens. */
  readonly health?: string | undefined;
  readonly protocol: "auto" | "http1" | "h2c";
  readonly timeoutMs: number;
}

export type Readiness =
  | { readonly ready: true; /** The one that answered. */ readonly host: string }
  | { readonly ready: false; readonly why: string };

/** Probes once. Never rejects. */
export async function checkReadiness(check: ReadinessCheck): Promise<Readiness> {
  const { hosts, port } = check;
  for (const host of hosts) {
    try {
      const why = await probe({ ...check, host });
      return why === undefined ? { ready: true, host } : { ready: false, why };
    } catch (error) {
      if (codeOf(error) !== "ECONNREFUSED" && codeOf(error) !== "EADDRNOTAVAIL")
        return { ready: false, why: error instanceof Error ? error.message : String(error) };
    }
  }
  return { ready: false, why: `nothing listens on ${hosts[0] ?? ""}:${port}` };
}

function codeOf(error: unknown): unknown {
  return Reflect.get(Object(error), "code");
}

interface Probe extends Pick<ReadinessCheck, "health" | "port" | "protocol" | "timeoutMs"> {
  readonly host: string;
}

/** Why it is not ready; undefined if it is. */
async function probe(check: Probe): Promise<string | undefined> {
  const { health, protocol } = check;
  if (health === undefined) {
    await connects(check);
    return undefined;
  }
  if (protocol === "h2c") return describeStatus(health, await askHttp2(check));
  try {
    return describeStatus(health, await askHttp1(check));
  } catch (error) {
    const status = isForeign(error) ? await askHttp2(check).catch(() => undefined) : undefined;
    if (status === undefined || protocol === "http1") throw error;
    const why = describeStatus(health, status);
    return why === undefined ? why : `${why}; it speaks only HTTP/2, so set protocol: h2c`;
  }
}

/** It answered, but not in HTTP/1.1. */
function isForeign(error: unknown): boolean {
  const code = String(codeOf(error));
  return code.startsWith("HPE_") || code === "ECONNRESET";
}

function describeStatus(health: string, status: number): string | undefined {
  return status < 200 || status > 399 ? `${health} answers ${status}` : undefined;
}

function connects({ host, port, timeoutMs }: Probe): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const finish = (error?: Error): void => {
      socket.destroy();
      if (error === undefined) resolve();
      else reject(error);
    };
    socket.once("connect", () => finish());
    socket.once("timeout", () => finish(new Error(`no connection within ${timeoutMs} ms`)));
    socket.on("error", finish);
  });
}

function askHttp1({ health, host, port, timeoutMs }: Probe): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({
      host,
      port,
      path: health,
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
    });
    asked.once("response", (response) => {
      resolve(response.statusCode ?? 0);
      response.on("error", () => undefined);
      response.destroy();
    });
    asked.on("error", (error) => {
      reject(error.name === "AbortError" ? new Error(`no answer within ${timeoutMs} ms`) : error);
    });
    asked.end();
  });
}

function askHttp2({ health, host, port, timeoutMs }: Probe): Promise<number> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(originOf(host, port));
    const timer = setTimeout(
      () => finish(new Error(`no answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
    const finish = (outcome: number | Error): void => {
      clearTimeout(timer);
      session.destroy();
      if (typeof outcome === "number") resolve(outcome);
      else reject(outcome);
    };
    session.on("error", finish);
    const stream = session.request({ ":path": health });
    stream.on("response", (headers) => finish(headers[":status"] ?? 0));
    stream.on("error", finish);
    stream.end();
  });
}

/** `http://127.0.0.1:3000`, `http://[::1]:3000`. */
export function originOf(host: string, port: number): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
