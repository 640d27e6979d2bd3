import type { TraceResult } from "@cocktail/client";
import { defaultHeaderNames, type Hop, parseTrace } from "@cocktail/route";
import { type EdgeRequest, headerText, readText, requestEdge } from "./request.ts";

/** The requested route. */
export interface RouteIntent {
  readonly pins?: string | undefined;
  readonly environment?: string | undefined;
  readonly strict?: boolean | undefined;
}

/** The response to a traced request. */
export interface TracedResponse extends TraceResult {
  readonly url: string;
  readonly body: string;
  /** True if hops were dropped at a limit. */
  readonly truncated: boolean;
  /** Hops at which a caller dropped the route. */
  readonly lost: readonly Hop[];
  /** The problem document of a gateway's own response. */
  readonly problem?: Readonly<Record<string, unknown>> | undefined;
}

/** The route as headers, unchanged: the edge validates it. */
export function routeHeaders({
  pins,
  environment,
  strict,
}: RouteIntent): Readonly<Record<string, string>> {
  const names = defaultHeaderNames;
  return {
    ...(pins !== undefined && { [names.pins]: pins }),
    ...(environment !== undefined && { [names.environment]: environment }),
    ...(strict === true && { [names.mode]: "strict" }),
  };
}

/** Sends a request and returns its hops. */
export async function traceRequest(request: EdgeRequest): Promise<TracedResponse> {
  const names = defaultHeaderNames;
  const response = await requestEdge({
    ...request,
    headers: { ...request.headers, [names.trace]: "on" },
  });
  const body = await readText(response);
  const { hops, truncated } = parseTrace(headerText(response.headers, names.trace) ?? "");
  const type = headerText(response.headers, "content-type") ?? "";
  const problem = type.startsWith("application/problem+json") ? parseProblem(body) : undefined;
  const served = headerText(response.headers, names.served);
  return {
    url: request.url.href,
    status: response.status,
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
