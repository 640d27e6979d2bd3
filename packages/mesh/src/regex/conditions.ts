import { renderPinRegex } from "@cocktail/route";
import type { MeshNames } from "../istio/names.ts";
import type { HttpMatch } from "../istio/objects.ts";

/** What a request must have and must not have, beside what the chart's route asks. */
export type Condition = Pick<HttpMatch, "headers" | "withoutHeaders">;

type Names = Pick<MeshNames, "headers">;

/**
 * One field of a route, by its header or, where that is absent, by its member of `baggage`. Patterns of baggage are for what `writeBaggage`
 * writes: RE2 has no way to say that an earlier pin of the same service doesn't come before.
 */
interface Field {
  readonly header: string;
  readonly value: object;
  /** Within `baggage`, without what surrounds the member. */
  readonly member: string;
}

const anyKey = "[a-z0-9](?:[-a-z0-9]{0,38}[a-z0-9])?";
const pair = "%3[Aa]%3[Aa]";

/** The pin of this variant. */
export function pinned(service: string, key: string, names: Names): readonly Condition[] {
  return byHeaderOrMember(pinField(service, renderPinRegex(service, key), key, names));
}

/** A pin of this service, whatever its key is, in strict mode. */
export function pinnedStrictly(service: string, names: Names): readonly Condition[] {
  const placeholder = "x";
  const regex = renderPinRegex(service, placeholder).replace(`:${placeholder}(`, `:${anyKey}(`);
  return strictly(pinField(service, regex, anyKey, names), names);
}

export function inEnvironment(environment: string, names: Names): readonly Condition[] {
  return byHeaderOrMember(environmentField(environment, names));
}

export function inEnvironmentStrictly(environment: string, names: Names): readonly Condition[] {
  return strictly(environmentField(environment, names), names);
}

function pinField(service: string, regex: string, key: string, { headers }: Names): Field {
  const pin = `${service.replaceAll(".", String.raw`\.`)}%3[Aa]${key}`;
  const member = `service-route=(?:[^,;]*${pair})?${pin}(?:${pair}[^,;]*)?`;
  return { header: headers.pins, value: { regex }, member };
}

function environmentField(environment: string, { headers }: Names): Field {
  const member = `source-route=${environment}`;
  return { header: headers.environment, value: { exact: environment }, member };
}

function byHeaderOrMember(field: Field): readonly Condition[] {
  return [
    { headers: { [field.header]: field.value } },
    {
      headers: { baggage: { regex: baggageRegex(field.member) } },
      withoutHeaders: { [field.header]: {} },
    },
  ];
}

/** Each of the two fields may come by its header or by baggage. */
function strictly(field: Field, { headers }: Names): readonly Condition[] {
  const mode = { [headers.mode]: { exact: "strict" } };
  const member = "route-mode=strict";
  const noField = { [field.header]: {} };
  const noMode = { [headers.mode]: {} };
  const own = { [field.header]: field.value };
  return [
    { headers: { ...own, ...mode } },
    {
      headers: { ...mode, baggage: { regex: baggageRegex(field.member) } },
      withoutHeaders: noField,
    },
    { headers: { ...own, baggage: { regex: baggageRegex(member) } }, withoutHeaders: noMode },
    {
      headers: { baggage: { regex: baggageRegex(field.member, member) } },
      withoutHeaders: { ...noField, ...noMode },
    },
  ];
}

/** Baggage that holds these members, in this order. */
function baggageRegex(...members: readonly string[]): string {
  const between = String.raw`(?:[ \t]*;[^,]*)?(?:,.*)?,[ \t]*`;
  return String.raw`^(?:.*,)?[ \t]*${members.join(between)}(?:[ \t]*[,;].*)?$`;
}
