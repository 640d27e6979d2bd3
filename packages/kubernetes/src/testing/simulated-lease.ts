import type { Clock } from "@cocktail/work-queue";
import type { Api, ApiRequest } from "../api/api.ts";
import { ApiError, ApiUnreachable } from "../api/api-error.ts";
import type { KubeObject } from "../object.ts";

/** How the network treats one request: milliseconds each way, and what it loses. */
export interface Passage {
  readonly thereMs: number;
  readonly backMs: number;
  readonly lost?: "request" | "answer" | undefined;
}

/** One Lease as the API server keeps it, reached through a network that delays and loses. A late request is still executed. */
export class SimulatedLease {
  readonly #clock: Clock;
  #version = 0;
  lease: KubeObject | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  apiThrough(network: () => Passage): Api {
    return {
      request: async (request) => await this.#travel(request, network()),
      stream: async () => await Promise.reject(new Error("not used")),
    };
  }

  async #travel(request: ApiRequest, { thereMs, backMs, lost }: Passage): Promise<unknown> {
    const outcome = Promise.withResolvers<unknown>();
    const giveUp = (): void => outcome.reject(new ApiUnreachable("timeout"));
    this.#clock.after(request.timeoutMs ?? 30_000, giveUp);
    request.signal?.addEventListener("abort", giveUp, { once: true });
    if (lost !== "request")
      this.#clock.after(thereMs, () => {
        const settle = this.#execute(request);
        if (lost !== "answer") this.#clock.after(backMs, () => settle(outcome));
      });
    return await outcome.promise;
  }

  #execute({ method, body }: ApiRequest): (outcome: PromiseWithResolvers<unknown>) => void {
    const fail =
      (status: number, reason: string) =>
      ({ reject }: PromiseWithResolvers<unknown>): void =>
        reject(new ApiError(method, { status, reason }));
    const { lease } = this;
    if (method === "POST" && lease !== undefined) return fail(409, "AlreadyExists");
    if (method !== "POST" && lease === undefined) return fail(404, "NotFound");
    if (method !== "GET") {
      const given = body as KubeObject;
      const { resourceVersion } = given.metadata;
      if (method === "PUT" && resourceVersion !== lease?.metadata.resourceVersion)
        return fail(409, "Conflict");
      const metadata = { ...given.metadata, uid: "u", resourceVersion: `${++this.#version}` };
      this.lease = { ...given, metadata };
    }
    const answer = this.lease;
    return ({ resolve }) => resolve(answer);
  }
}
