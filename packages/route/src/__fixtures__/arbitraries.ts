import * as fc from "fast-check";
import {
  emptyTable,
  type Hop,
  maxDepth,
  type Route,
  type RouteTable,
  type TableEnvironment,
  type TableVariant,
  type Via,
} from "../index.ts";

// The default sizes never reach the limits of the protocol.
fc.configureGlobal({ ...fc.readConfigureGlobal(), baseSize: "large" });

/** Few names, so that routes name what tables list; some are near misses, some built-in properties. */
export const serviceNames = [
  "payment-service",
  "my-payment-service",
  "cart-service",
  "cart",
  "api.v1",
  "constructor",
  "a",
] as const;
export const keyNames = [
  "stable",
  "rc",
  "mp-101",
  "mp-1012",
  "mp-101-hotfix",
  "ops-101",
  "constructor",
  "z",
] as const;
const layerNames = keyNames.filter((key) => key !== "stable" && key !== "rc");

const letter = fc.constantFrom("a", "b", "z", "0", "9");
const inner = fc.constantFrom("a", "b", "z", "0", "9", "-");

function label(maxInner: number): fc.Arbitrary<string> {
  return fc.oneof(
    letter,
    fc
      .tuple(letter, fc.string({ unit: inner, maxLength: maxInner }), letter)
      .map((parts) => parts.join("")),
  );
}

export const service: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...serviceNames) },
  {
    weight: 1,
    arbitrary: fc
      .array(label(61), { minLength: 1, maxLength: 3 })
      .map((labels) => labels.join("."))
      .filter((name) => name.length <= 253),
  },
);

export const key: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...keyNames) },
  { weight: 1, arbitrary: label(38) },
);

export const route: fc.Arbitrary<Route> = fc.record({
  pins: fc
    .array(fc.tuple(service, key), { maxLength: 12, size: "max" })
    .map((pairs) => new Map(pairs)),
  environment: fc.option(key, { nil: undefined }),
  mode: fc.constantFrom("fallback", "strict"),
});

/** Tokens of the grammar in random order, mostly malformed. */
export const almostPins: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      service,
      key,
      fc.constantFrom(":", "::", ":::", ",", ", ", " ,", "\t,\t", " ", ".", "-", "_", "A", "é", "\0"),
      fc.tuple(service, key).map((pair) => pair.join(":")),
    ),
    { maxLength: 80, size: "max" },
  )
  .map((parts) => parts.join(""));

export const anyText: fc.Arbitrary<string> = fc.oneof(
  almostPins,
  fc.string({ unit: "binary", size: "large" }),
  fc.string({ unit: "grapheme", size: "large" }),
  fc.string({ unit: fc.constantFrom(" ", "\t", ",", ":", "a"), size: "large" }),
);

const endpoints = fc.uniqueArray(fc.constantFrom("orders", "refunds"), { maxLength: 2 });

function variant(name: string): fc.Arbitrary<TableVariant> {
  return fc.record(
    {
      incarnation: fc.integer({ min: 1, max: 9 }),
      tier: fc.constant(name === "stable" || name === "rc" ? name : "branch"),
      revision: fc.string({ maxLength: 8 }),
      onUnavailable: fc.constantFrom("Fail", "Fallback"),
      destination: fc.nat({ max: 65_535 }).map((port) => `http://127.0.0.1:${port}`),
      endpoints,
    },
    {
      requiredKeys: ["incarnation", "tier", "revision", "onUnavailable"],
      noNullPrototype: true,
    },
  );
}

const variants = fc
  .uniqueArray(key, { maxLength: 6 })
  .chain((keys) => fc.tuple(...keys.map((name) => fc.tuple(fc.constant(name), variant(name)))))
  .map((entries) => Object.fromEntries(entries));

const services = fc
  .uniqueArray(service, { maxLength: 6 })
  .chain((names) => fc.tuple(...names.map((name) => fc.tuple(fc.constant(name), variants))))
  .map((entries) => Object.fromEntries(entries));

const members = fc.dictionary(service, key, { maxKeys: 5, noNullPrototype: true });

/** A tree below stable: the parent of a layer is an earlier one. */
const environments = fc
  .shuffledSubarray(layerNames)
  .chain((names) =>
    fc.tuple(
      fc.constant(["rc", ...names]),
      fc.array(fc.nat(), { minLength: names.length + 1, maxLength: names.length + 1 }),
      fc.array(members, { minLength: names.length + 1, maxLength: names.length + 1 }),
    ),
  )
  .map(([names, picks, all]) => {
    const made: [string, TableEnvironment][] = names.map((name, at) => {
      const above = ["stable", ...names.slice(0, Math.min(at, maxDepth - 1))];
      const parent = at === 0 ? "stable" : (above[(picks[at] ?? 0) % above.length] ?? "stable");
      return [name, { parent, members: all[at] ?? {} }];
    });
    return Object.fromEntries(made);
  });

export const table: fc.Arbitrary<RouteTable> = fc
  .tuple(services, environments, fc.nat())
  .map(([services, environments, epoch]) => ({
    ...emptyTable("0badcafe"),
    epoch,
    services,
    environments,
  }));

const missedText = fc.oneof(
  fc.tuple(service, key).map(([name, one]) => `${name}:${one}`),
  key.map((name) => `environment ${name}`),
  fc.tuple(service, key, key).map(([name, one, layer]) => `${name}:${one} of environment ${layer}`),
);

export const hop: fc.Arbitrary<Hop> = fc.record(
  {
    service,
    variant: key,
    via: fc.constantFrom<Via>("pin", "environment", "stable", "none"),
    layer: key,
    incarnation: fc.nat(),
    caller: fc.tuple(service, key).map(([name, one]) => `${name}:${one}`),
    missed: fc.array(missedText, { minLength: 1, maxLength: 3 }),
    lost: fc.constant(true),
    ms: fc.nat({ max: 10_000_000 }).map((tenths) => tenths / 10),
  },
  { requiredKeys: ["service", "via"], noNullPrototype: true },
);
