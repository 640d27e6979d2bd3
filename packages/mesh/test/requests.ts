import * as fc from "fast-check";
import {
  checkChain,
  defaultHeaderNames,
  formatRoute,
  readRoute,
  type RouteTable,
  type TableVariant,
  writeBaggage,
} from "@cocktail/route";

/** One request as it arrives: header lines in order, names in any case. */
export type HeaderLines = readonly (readonly [name: string, value: string])[];

/** Close to each other, so that a careless comparison shows: prefixes, suffixes, names of built-in properties. */
export const services = [
  "payment-service",
  "my-payment-service",
  "cart-service",
  "a",
  "api.v1",
  "constructor",
];
export const keys = [
  "stable",
  "rc",
  "mp-101",
  "mp-1012",
  "mp-101-hotfix",
  "constructor",
  "tostring",
  "0",
  "x".repeat(40),
];
const environments = [
  "rc",
  "ops-101",
  "ops-1012",
  "mp-101",
  "payment-dev",
  "warehouse",
  "constructor",
  "e1",
  "e2",
  "e3",
];

const oneOf = fc.constantFrom;

/** Repeats a choice by weight. */
function weighted<T>(...choices: readonly (readonly [number, fc.Arbitrary<T>])[]): fc.Arbitrary<T> {
  return fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}

const variant: TableVariant = {
  incarnation: 1,
  tier: "branch",
  revision: "abc1234",
  onUnavailable: "Fail",
};

const layers: fc.Arbitrary<RouteTable["environments"]> = fc
  .array(
    fc.record({
      name: oneOf(...environments),
      parent: oneOf("stable", "stable", ...environments),
      members: fc.dictionary(oneOf(...services), oneOf(...keys), { maxKeys: 4 }),
    }),
    { maxLength: 8 },
  )
  .map((drawn) => {
    const made: Record<string, RouteTable["environments"][string]> = {};
    for (const { name, parent, members } of drawn) {
      const entry = { parent, members };
      if (!Object.hasOwn(made, name) && checkChain({ ...made, [name]: entry }, name) === undefined)
        made[name] = entry;
    }
    return made;
  });

export const tables: fc.Arbitrary<RouteTable> = fc
  .record({
    epoch: fc.nat(1000),
    services: fc.dictionary(
      oneOf(...services),
      fc
        .uniqueArray(oneOf(...keys), { maxLength: 6 })
        .map((live) => Object.fromEntries(live.map((key) => [key, variant]))),
      { minKeys: 1, maxKeys: 6 },
    ),
    environments: layers,
  })
  .map(({ epoch, services: live, environments: made }) => ({
    epoch,
    tag: "0a1b2c3d",
    resolver: 1,
    historyFloor: 0,
    services: live,
    environments: made,
  }));

const malformed = oneOf(
  "",
  " ",
  "payment-service:",
  ":mp-101",
  "payment-service",
  "payment-service:mp-101:x",
  "payment service:mp-101",
  "payment-service: mp-101",
  "payment-service:-a",
  "payment-service:a-",
  `payment-service:${"k".repeat(41)}`,
  `${"x".repeat(64)}:a`,
  ".:a",
  "a..b:a",
  "payment-service:mp_1",
  "%70ayment-service:mp-101",
  "payment-service:mp-101;q=1",
  "-:a",
  "a%b:c",
  `${`${"l".repeat(60)}.`.repeat(4)}ok:a`,
  `${`${"l".repeat(60)}.`.repeat(4)}toolong-x:a`,
);
const pin = fc
  .tuple(oneOf(...services), oneOf(...keys))
  .map(([service, key]) => `${service}:${key}`);
const anyCase = <T extends string>(text: fc.Arbitrary<T>): fc.Arbitrary<string> =>
  weighted<string>([6, text], [1, text.map((one) => one.toUpperCase())]);
const entry = weighted<string>([6, anyCase(pin)], [1, malformed]);
const separator = weighted<string>(
  [6, fc.constant("::")],
  [3, oneOf(",", ", ", " ,", "\t,\t", " , ", ":::", "::::", ",,", ":", " ::", ":: ")],
);

const shortPins = fc
  .array(fc.tuple(separator, entry), { minLength: 1, maxLength: 6 })
  .map((pairs) => pairs.map(([between, one], at) => (at === 0 ? "" : between) + one).join(""));
/** Around the limit of 64 entries. */
const manyPins = fc
  .tuple(fc.integer({ min: 60, max: 68 }), pin, pin, oneOf("::", ","))
  .map(([count, first, last, between]) =>
    [first, ...Array.from({ length: count - 2 }, (_, at) => `s${at}:k`), last].join(between),
  );
/** Around the limit of 4,096 bytes, of the text and, with commas, of its canonical form: valid pins of exactly that many bytes in all. */
const longPins = fc
  .record({
    first: pin,
    count: fc.integer({ min: 61, max: 63 }),
    between: oneOf("::", ","),
    total: oneOf(4030, 4034, 4060, 4090, 4095, 4096, 4097, 4100),
    /** A malformed entry counts for the text and not for the canonical form. */
    last: oneOf(":k", "_k"),
  })
  .map(({ first, count, between, total, last }) => {
    let text = first;
    for (let left = count; left > 0; left--) {
      const size = Math.floor((total - text.length) / left) - between.length;
      const name = `q${left}.`;
      text += `${between}${name}${"y".repeat(size - name.length - 2)}${left === 1 ? last : ":k"}`;
    }
    return text;
  });
const pinText = weighted([14, shortPins], [1, manyPins], [2, longPins]);

const environmentText = weighted<string>(
  [6, anyCase(oneOf(...environments, "stable", "unknown"))],
  [
    1,
    oneOf(
      "",
      "OPS-101 ",
      "ops_101",
      "x".repeat(41),
      "e1,e1",
      "e1, e2",
      "e1,,e1",
      ",e1",
      "e1,",
      "E1,e1",
      "e1 , e1",
      Array.from({ length: 64 }, () => "e1").join(","),
      Array.from({ length: 65 }, () => "e1").join(","),
    ),
  ],
);
const modeText = oneOf(
  "strict",
  "strict",
  "strict",
  "fallback",
  "STRICT",
  "strict,strict",
  "strict, fallback",
  "",
  "wat",
  " strict",
);

/** Percent-encodes some of a text's characters, and now and then breaks an escape. */
const encoded = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(
      text,
      fc.nat(3),
      weighted<string>([12, fc.constant("")], [1, oneOf("%", "%4", "%zz", "%00")]),
    )
    .map(
      ([value, every, tail]) =>
        value.replace(/[^a-z0-9.-]/gi, (unit, at: number) =>
          every === 3 && at % 5 === 0 ? unit : encodeURIComponent(unit),
        ) + tail,
    );
const baggageMember = weighted<string>(
  [3, encoded(pinText.map((text) => text.slice(0, 3000))).map((text) => `service-route=${text}`)],
  [2, encoded(environmentText).map((text) => `source-route=${text}`)],
  [2, encoded(modeText).map((text) => ` route-mode = ${text}`)],
  [
    2,
    oneOf(
      "user=7",
      "service-routes=a:b",
      "Service-Route=payment-service%3Amp-101",
      "service-route",
      "=x",
      "e-route=1",
      "route-m=1",
    ),
  ],
);
const baggageText = fc
  .array(
    fc.tuple(
      baggageMember,
      weighted<string>([5, fc.constant("")], [1, oneOf(";p=1", " ; p", ";")]),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((members) => members.map(([member, properties]) => member + properties).join(","));

function lines(
  name: fc.Arbitrary<string>,
  text: fc.Arbitrary<string>,
  likely: number,
): fc.Arbitrary<HeaderLines> {
  const some = weighted(
    [10, fc.array(text, { minLength: 1, maxLength: 1 })],
    [1, fc.array(text, { minLength: 2, maxLength: 3 })],
  );
  const present = fc
    .tuple(name, some)
    .map(([used, values]): HeaderLines => values.map((value) => [used, value]));
  return weighted<HeaderLines>([likely, present], [10 - likely, fc.constant([])]);
}

/** Requests as hostile as a network lets through: repeated lines, joined lines, near misses, limits, baggage alone, modes. */
export const requests: fc.Arbitrary<HeaderLines> = fc
  .tuple(
    lines(oneOf("x-service-route", "X-Service-Route"), pinText, 8),
    lines(fc.constant("x-source-route"), environmentText, 6),
    lines(fc.constant("x-route-mode"), modeText, 4),
    lines(fc.constant("baggage"), baggageText, 3),
  )
  .map((parts) => parts.flat());

/** The values of a header as a proxy hands them on: one a line, without white space around them. */
export function valuesOf(request: HeaderLines, name: string): readonly string[] | undefined {
  const values = request.flatMap(([used, value]) =>
    used.toLowerCase() === name ? [value.replace(/^[ \t]+|[ \t]+$/g, "")] : [],
  );
  return values.length === 0 ? undefined : values;
}

/**
 * Requests whose fields are in canonical form, each once: in its header, in `baggage`, or in both. A library that knows baggage alone
 * forwards only that, and one that knows headers alone may leave older baggage.
 */
export const canonicalRequests: fc.Arbitrary<HeaderLines> = fc
  .record({
    request: requests,
    foreign: oneOf("", "user=7", "user=7,service-routes=a:b;p=1"),
    carried: fc.record({ pins: fc.boolean(), environment: fc.boolean(), mode: fc.boolean() }),
    hasBaggage: fc.boolean(),
    older: weighted<HeaderLines | undefined>([3, fc.constant(undefined)], [1, requests]),
  })
  .map(({ request, foreign, carried, hasBaggage, older }): HeaderLines => {
    const { route } = readRoute((name) => valuesOf(request, name));
    const { pins, environment, mode } = defaultHeaderNames;
    const kept = [
      [pins, carried.pins],
      [environment, carried.environment],
      [mode, carried.mode],
    ] as const;
    const lost = hasBaggage ? kept.flatMap(([name, isKept]) => (isKept ? [] : [name])) : [];
    const headers = formatRoute(route).filter(([name]) => !lost.includes(name));
    const written = older && readRoute((name) => valuesOf(older, name)).route;
    const baggage = hasBaggage ? writeBaggage(foreign, written ?? route) : undefined;
    return baggage === undefined ? headers : [...headers, ["baggage", baggage]];
  });
