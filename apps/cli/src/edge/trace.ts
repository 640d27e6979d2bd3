import type { TraceResult } from "@cocktail/client";
import { defaultHeaderNames, type Hop, parseTrace } from "@cocktail/route";
import { type EdgeRequest, headerText, readText, requestEdge } from "./request.ts";

/** The route a person asks for. */
export interface RouteWish {
  readonly pins?: string | undefined;
  readonly environment?: string | undefined;
  readonly strict?: boolean | undefined;
}

/** What came of a traced request. */
export interface TracedAnswer extends TraceResult {
  readonly url: string;
  readonly body: string;
  /** True where hops were dropped at a limit. */
  readonly truncated: boolean;
  /** Hops at which a caller dropped the route. */
  readonly lost: readonly Hop[];
  /** Detail of a problem that a gateway answered with. */
  readonly problem?: Readonly<Record<string, unknown>> | undefined;
}

/** The route as headers, as it was written: what is wrong with it is the edge's to say. */
export function routeHeaders({
  pins,
  environment,
  strict,
}: RouteWish): Readonly<Record<string, string>> {
  const names = defaultHeaderNames;
  return {
    ...(pins !== undefined && { [names.pins]: pins }),
    ...(environment !== undefined && { [names.environment]: environment }),
    ...(strict === true && { [names.mode]: "strict" }),
  };
}

/** Sends a request that asks for its hops. */
export async function traceRequest(wanted: EdgeRequest): Promise<TracedAnswer> {
  const names = defaultHeaderNames;
  const answer = await requestEdge({
    ...wanted,
    headers: { ...wanted.headers, [names.trace]: "on" },
  });
  const body = await readText(answer);
  const { hops, truncated } = parseTrace(headerText(answer.headers, names.trace) ?? "");
  const type = headerText(answer.headers, "content-type") ?? "";
  const problem = type.startsWith("application/problem+json") ? parseProblem(body) : undefined;
  const served = headerText(answer.headers, names.served);
  return {
    url: wanted.url.href,
    status: answer.status,
    hops,
    truncated,
    lost: hops.filter(({ lost }) => lost === true),
    body,
    ...(served !== undefined && { served }),
    ...(problem !== undefined && { problem }),
  };
}

function parseProblem(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
