import { formatVariant, type Hop } from "@cocktail/route";
import type { TracedAnswer } from "../src/edge/trace.ts";
import { member, records } from "./json.ts";
import type { Expected } from "./step.ts";

/**
 * What is wrong with an answer, one line each. The gateways' trace and what the services say of themselves are looked at
 * apart: neither is taken for the other.
 */
export function verify(
  expected: Expected,
  answer: TracedAnswer,
  services: readonly string[],
): readonly string[] {
  return [
    ...verifyAnswer(expected, answer),
    ...verifyHops(expected, answer, services),
    ...verifyAnsweredBy(expected, answer.body),
  ];
}

function verifyAnswer({ status, says }: Expected, answer: TracedAnswer): readonly string[] {
  const faults: string[] = [];
  if (answer.status !== status) {
    faults.push(`status ${answer.status} instead of ${status}: ${answer.body.slice(0, 300)}`);
  }
  for (const text of says) {
    if (!answer.body.includes(text)) faults.push(`the answer does not say "${text}"`);
  }
  return faults;
}

function verifyHops(
  expected: Expected,
  { hops, truncated, lost }: TracedAnswer,
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
    ...(truncated ? ["the trace was cut"] : []),
    ...lost.map(({ caller, service }) => `${caller ?? "?"} lost the route toward ${service}`),
  ];
}

function verifyHop({ variants }: Expected, { service, variant, via }: Hop): readonly string[] {
  const wanted = variants[service] ?? "stable";
  return variant === wanted
    ? []
    : [`${service} was served by ${variant ?? "nothing"} instead of ${wanted} (via ${via})`];
}

/** `answeredBy` of the body: each service says itself which version it is. */
function verifyAnsweredBy({ variants }: Expected, body: string): readonly string[] {
  return records(member(parseJson(body), "answeredBy")).flatMap((speaker) => {
    const service = String(member(speaker, "service"));
    const variant = String(member(speaker, "variant"));
    const wanted = variants[service] ?? "stable";
    return variant === wanted
      ? []
      : [`${formatVariant(service, variant)} says that it answered, instead of ${wanted}`];
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
