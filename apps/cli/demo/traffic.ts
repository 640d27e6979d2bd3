import { setTimeout as delay } from "node:timers/promises";
import type { Shop } from "./shop.ts";

/** What happened to the unrouted requests that were sent all the while. */
export interface TrafficReport {
  readonly requests: number;
  readonly faults: readonly string[];
}
export interface Traffic {
  readonly stop: () => Promise<TrafficReport>;
}

const pauseMs = 100;
const request = { method: "GET", host: "storefront", path: "/api/home" } as const;

/** An ordinary user of stable, one request after the other: whatever branches do, it must not notice. */
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
    const { status, hops } = await shop.ask(request);
    const strayed = hops.filter(({ variant }) => variant !== "stable");
    return [
      ...(status === 200 ? [] : [`status ${status}`]),
      ...strayed.map(({ service, variant }) => `${service} was served by ${variant ?? "nothing"}`),
    ];
  } catch (error) {
    if (shop.signal.aborted) return [];
    return [error instanceof Error ? error.message : String(error)];
  }
}
