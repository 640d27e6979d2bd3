import { setTimeout as delay } from "node:timers/promises";
import type { Shop } from "./shop.ts";

/** The result of the background requests without a route. */
export interface TrafficReport {
  readonly requests: number;
  readonly faults: readonly string[];
}
export interface Traffic {
  readonly stop: () => Promise<TrafficReport>;
}

const pauseMs = 100;
const request = { method: "GET", host: "storefront", path: "/api/home" } as const;

/** Sends requests to stable continuously: changes of branches must not affect them. */
export function startTraffic(shop: Shop): Traffic {
  const ending = new AbortController();
  const stop = AbortSignal.any([ending.signal, shop.signal]);
  const faults: string[] = [];
  let requests = 0;
  const running = (async () => {
    while (!stop.aborted) {
      requests++;
      faults.push(...(await oneRequest(shop)));
      await delay(pauseMs, undefined, { signal: stop }).catch(() => {});
    }
  })();
  return {
    stop: async () => {
      ending.abort();
      await running;
      return { requests, faults };
    },
  };
}

async function oneRequest(shop: Shop): Promise<readonly string[]> {
  try {
    const { status, hops } = await shop.send(request);
    const misrouted = hops.filter(({ variant }) => variant !== "stable");
    return [
      ...(status === 200 ? [] : [`status ${status}`]),
      ...misrouted.map(
        ({ service, variant }) => `${service} was served by ${variant ?? "nothing"}`,
      ),
    ];
  } catch (error) {
    if (shop.signal.aborted) return [];
    return [error instanceof Error ? error.message : String(error)];
  }
}
