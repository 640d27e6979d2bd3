import { type Answer, answersOf, fieldOf } from "./answers.ts";
import { PeerFault, type Problem } from "./problem.ts";

/** Another service's answer. */
export interface Called {
  readonly body: unknown;
  readonly answeredBy: readonly Answer[];
}

const deadlineMs = 5_000;

/** Where a service is, as `cocktail up` tells it: `PAYMENT_SERVICE_URL`. Undefined where the shop runs without it. */
export function urlOf(service: string): string | undefined {
  return process.env[`${service.toUpperCase().replaceAll("-", "_")}_URL`];
}

/**
 * Calls another service. An ordinary fetch: the route goes along by itself.
 *
 * @throws PeerFault when the service isn't there or doesn't answer 2xx
 */
export async function ask(service: string, path: string, body?: unknown): Promise<Called> {
  const url = urlOf(service);
  if (url === undefined) {
    const detail = `${service} is not part of this shop`;
    throw new PeerFault({ title: "NotHere", status: 503, detail });
  }
  const response = await send(service, new URL(path, url), body);
  const answer: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw new PeerFault(problemOf(service, response.status, answer));
  const served = response.headers.get("x-route-served") ?? undefined;
  return { body: answer, answeredBy: answersOf(answer, served) };
}

async function send(service: string, url: URL, body: unknown): Promise<Response> {
  const init: RequestInit = { signal: AbortSignal.timeout(deadlineMs) };
  if (body !== undefined) {
    init.method = "POST";
    init.headers = { "content-type": "application/json" };
    init.body = JSON.stringify(body);
  }
  try {
    return await fetch(url, init);
  } catch (error) {
    const detail = `${service}: ${reasonOf(error)}`;
    throw new PeerFault({ title: "Unreachable", status: 502, detail });
  }
}

/** fetch says "fetch failed", and why in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/** What the gateway or the service says of itself goes on to the user word for word: it names the variant. */
function problemOf(service: string, status: number, body: unknown): Problem {
  const title = fieldOf(body, "title");
  const detail = fieldOf(body, "detail");
  const members = typeof body === "object" && !Array.isArray(body) ? body : undefined;
  return {
    ...members,
    title: typeof title === "string" ? title : "Refused",
    status,
    detail: typeof detail === "string" ? detail : `${service} answered ${status}`,
  };
}
