import { Agent } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { type Hop, parseTrace, readRoute } from "@cocktail/route";
import { type Answer, get } from "./request.ts";

/** One kind of request that the load sends over and over. */
export interface Shot {
  readonly host: string;
  readonly path?: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Sample {
  readonly shot: Shot;
  readonly status: number;
  readonly served: string | undefined;
  readonly hops: readonly Hop[];
  readonly body: string;
  /** Newest epoch any earlier answer had shown when this request left: the gateway can't be older. */
  readonly floor: number;
}

/** A load that runs. Disposing of it stops it, so that a test that fails doesn't send forever. */
export interface Traffic extends AsyncDisposable {
  readonly samples: readonly Sample[];
  /** Sends no more, and waits for the answers that are due. */
  stop(): Promise<void>;
}

/**
 * Open-loop load: `rate` requests a second, whatever the answers take, until stopped. What goes on for long takes its samples
 * itself: then they are not kept.
 */
export function startTraffic(
  edge: string,
  rate: number,
  next: () => Shot,
  onSample?: (sample: Sample) => void,
): Traffic {
  // As Node's own agent: an idle connection is given up well before the gateway does, which nobody could tell from a failure.
  const agent = new Agent({ keepAlive: true, maxSockets: 256, timeout: 5_000 });
  const samples: Sample[] = [];
  const take = onSample ?? ((sample: Sample) => void samples.push(sample));
  const pending = new Set<Promise<void>>();
  const stopped = new AbortController();
  let floor = 0;

  const shoot = async (shot: Shot): Promise<void> => {
    const known = floor;
    const headers = { ...shot.headers, "x-route-trace": "on" };
    const answer = await get({ edge, ...shot, headers, agent }).catch(failed);
    const hops = hopsOf(answer);
    floor = Math.max(floor, ...hops.map((hop) => hop.epoch ?? 0));
    take({
      shot,
      status: answer.status,
      served: answer.served,
      hops,
      body: answer.body,
      floor: known,
    });
  };
  const loop = (async () => {
    const start = performance.now();
    for (let sent = 0; !stopped.signal.aborted;) {
      const due = ((performance.now() - start) * rate) / 1000;
      for (; sent < due; sent++) {
        const one = shoot(next()).finally(() => pending.delete(one));
        pending.add(one);
      }
      await pause(5);
    }
  })();
  const stop = async (): Promise<void> => {
    stopped.abort();
    await loop;
    await Promise.all(pending);
    agent.destroy();
  };
  return { samples, stop, [Symbol.asyncDispose]: stop };
}

function hopsOf(answer: Answer): readonly Hop[] {
  const value = answer.headers["x-route-trace"];
  return typeof value === "string" ? parseTrace(value).hops : [];
}

function failed(error: unknown): Answer {
  return { status: 0, body: String(error), headers: {}, served: undefined };
}

/** The route a shot means, the environment of its host included. */
export function routeOf(shot: Shot): ReturnType<typeof readRoute>["route"] {
  const labels = shot.host.split(".");
  const environment = labels.length > 2 ? labels[0] : undefined;
  return readRoute((name) =>
    name === "x-source-route" ? (shot.headers[name] ?? environment) : shot.headers[name],
  ).route;
}

/** A sample as a line of a failure. */
export function brief(sample: Sample): string {
  return `${JSON.stringify(sample.shot)} -> ${sample.status} ${sample.served} ${sample.body.slice(0, 300)}`;
}
