import { formatVariant, type Hop } from "@cocktail/route";
import type { TracedResponse } from "../src/edge/trace.ts";
import { member, records } from "./json.ts";
import type { Expected } from "./step.ts";

/**
 * The faults of a response, one line each. The trace of the gateways and the services' own reports are verified
 * independently.
 */
export function verify(
  expected: Expected,
  response: TracedResponse,
  services: readonly string[],
): readonly string[] {
  return [
    ...verifyResponse(expected, response),
    ...verifyHops(expected, response, services),
    ...verifyAnsweredBy(expected, response.body),
  ];
}

function verifyResponse({ status, says }: Expected, response: TracedResponse): readonly string[] {
  const faults: string[] = [];
  if (response.status !== status) {
    faults.push(`status ${response.status} instead of ${status}: ${response.body.slice(0, 300)}`);
  }
  for (const text of says) {
    if (!response.body.includes(text)) faults.push(`the response does not contain "${text}"`);
  }
  return faults;
}

function verifyHops(
  expected: Expected,
  { hops, truncated, lost }: TracedResponse,
  services: readonly string[],
): readonly string[] {
  const reached = new Set(hops.map(({ service }) => service));
  const reported = new Set(hops.flatMap((hop) => hop.missed ?? []));
  const mustReach = expected.reachesAll ? services : [];
  const mustReport = expected.status < 400 ? expected.missed : [];
  return [
    ...hops.flatMap((hop) => verifyHop(expected, hop)),
    ...mustReach
      .filter((service) => !reached.has(service))
      .map((service) => `${service} is not among the hops`),
    ...mustReport
      .filter((name) => !reported.has(name))
      .map((name) => `no hop reports that ${name} was missed`),
    ...(truncated ? ["the trace was truncated"] : []),
    ...lost.map(({ caller, service }) => `${caller ?? "?"} lost the route to ${service}`),
  ];
}

function verifyHop({ variants }: Expected, { service, variant, via }: Hop): readonly string[] {
  const wanted = variants[service] ?? "stable";
  return variant === wanted
    ? []
    : [`${service} was served by ${variant ?? "nothing"} instead of ${wanted} (via ${via})`];
}

/** `answeredBy` of the body: each service reports its own variant. */
function verifyAnsweredBy({ variants }: Expected, body: string): readonly string[] {
  return records(member(parseJson(body), "answeredBy")).flatMap((entry) => {
    const service = String(member(entry, "service"));
    const variant = String(member(entry, "variant"));
    const wanted = variants[service] ?? "stable";
    return variant === wanted
      ? []
      : [`${formatVariant(service, variant)} reports that it answered instead of ${wanted}`];
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
