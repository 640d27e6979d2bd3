import { request } from "node:http";
import type { Gateway, Listener } from "@cocktail/gateway";
import { defaultHeaderNames, formatVariant, parseTrace } from "@cocktail/route";
import type { ProbeResult, IncarnationRef } from "@cocktail/control-plane";

const host = "127.0.0.1";
const timeoutMs = 5_000;

interface ProbeRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** https://grpc.io/docs/guides/health-checking; a server without it answers UNIMPLEMENTED, which will do. */
const grpcHealth: ProbeRequest = {
  method: "POST",
  path: "/grpc.health.v1.Health/Check",
  headers: { "content-type": "application/grpc", te: "trailers", "content-length": "0" },
};

/** The answer to a probe. */
export interface ProbeAnswer {
  readonly status: number;
  readonly served: string | undefined;
  readonly trace: string | undefined;
  readonly body: string;
}

/**
 * Whether this incarnation answered. The status doesn't matter: a service may answer 404 or 405 to the probe. Only the
 * gateway sets who served.
 */
export function evaluateProbe(
  ref: IncarnationRef,
  { body, served, status, trace }: ProbeAnswer,
): ProbeResult {
  const name = formatVariant(ref.service, ref.key);
  if (served === undefined) {
    const why = body === "" ? "" : `: ${body.slice(0, 300)}`; // there is none to a HEAD
    return { ok: false, message: `the gateway answers ${status} for ${name}${why}` };
  }
  if (served !== name) return { ok: false, message: `${served} answered instead of ${name}` };
  const incarnation = parseTrace(trace ?? "").hops.at(0)?.incarnation;
  if (incarnation === ref.incarnation) return { ok: true };
  return {
    ok: false,
    message: `incarnation ${incarnation ?? "?"} of ${name} answered instead of ${ref.incarnation}`,
  };
}

export interface RouteProbeOptions {
  readonly gateway: Pick<Gateway, "listenMesh">;
  /** The path to request of a service; absent: HEAD /, since any answer will do. */
  readonly health: (service: string) => string | undefined;
}

/** Sends requests through mesh listeners of its own, so that services that are no entry can be probed too. */
export class RouteProbe {
  readonly #options: RouteProbeOptions;
  readonly #listeners = new Map<string, Promise<Listener>>();

  constructor(options: RouteProbeOptions) {
    this.#options = options;
  }

  async probe(ref: IncarnationRef): Promise<ProbeResult> {
    try {
      const { port } = await this.#listener(ref.service);
      const answer = await this.#ask(ref, port, this.#plain(ref.service));
      const result = evaluateProbe(ref, answer);
      // It answered, but not in HTTP/1.1: a server of gRPC answers nothing else.
      if (result.ok || answer.served !== undefined || answer.status !== 502) return result;
      const asGrpc = evaluateProbe(ref, await this.#ask(ref, port, grpcHealth));
      return asGrpc.ok ? asGrpc : result;
    } catch (error) {
      return { ok: false, message: error instanceof Error ? error.message : String(error) };
    }
  }

  async #listener(service: string): Promise<Listener> {
    const known = this.#listeners.get(service);
    if (known !== undefined) return await known;
    const caller = "cocktail:probe";
    const opening = this.#options.gateway.listenMesh({ caller, callee: service, host, port: 0 });
    this.#listeners.set(service, opening);
    opening.catch(() => this.#listeners.delete(service));
    return await opening;
  }

  #plain(service: string): ProbeRequest {
    const health = this.#options.health(service);
    return { method: health === undefined ? "HEAD" : "GET", path: health ?? "/", headers: {} };
  }

  #ask({ key, service }: IncarnationRef, port: number, how: ProbeRequest): Promise<ProbeAnswer> {
    const names = defaultHeaderNames;
    const headers = {
      [names.pins]: formatVariant(service, key),
      [names.mode]: "strict",
      [names.trace]: "on",
      ...how.headers,
    };
    return new Promise((resolve, reject) => {
      const asked = request({
        host,
        port,
        ...how,
        headers,
        agent: false,
        signal: AbortSignal.timeout(timeoutMs),
      });
      asked.on("error", (error) => {
        reject(error.name === "AbortError" ? new Error(`no answer within ${timeoutMs} ms`) : error);
      });
      asked.once("response", (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => {
          body += body.length < 1_000 ? text : "";
        });
        response.on("error", reject);
        response.once("end", () => {
          const header = (name: string): string | undefined =>
            response.headersDistinct[name]?.join(", ");
          resolve({
            status: response.statusCode ?? 0,
            served: header(names.served),
            trace: header(names.trace),
            body,
          });
        });
      });
      asked.end();
    });
  }
}
