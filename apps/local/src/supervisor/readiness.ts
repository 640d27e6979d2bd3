import { request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";

/** Where and how to probe a service. */
export interface ReadinessCheck {
  readonly host: string;
  readonly port: number;
  /** Absent: it listens. */
  readonly health?: string | undefined;
  readonly protocol: "auto" | "http1" | "h2c";
  readonly timeoutMs: number;
}

export type Readiness = { readonly ready: true } | { readonly ready: false; readonly why: string };

/** Probes once. Never rejects. */
export async function checkReadiness(check: ReadinessCheck): Promise<Readiness> {
  try {
    if (check.health === undefined) await connects(check);
    else {
      const status = check.protocol === "h2c" ? await askHttp2(check) : await askHttp1(check);
      if (status < 200 || status > 399)
        return { ready: false, why: `${check.health} answers ${status}` };
    }
    return { ready: true };
  } catch (error) {
    return { ready: false, why: error instanceof Error ? describe(error, check) : String(error) };
  }
}

function describe(error: Error, { host, port }: ReadinessCheck): string {
  const refused = "code" in error && error.code === "ECONNREFUSED";
  return refused ? `nothing listens on ${host}:${port}` : error.message;
}

function connects({ host, port, timeoutMs }: ReadinessCheck): Promise<void> {
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

function askHttp1({ health, host, port, timeoutMs }: ReadinessCheck): Promise<number> {
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

function askHttp2({ health, host, port, timeoutMs }: ReadinessCheck): Promise<number> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(`http://${host}:${port}`);
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
