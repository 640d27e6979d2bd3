import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { key, keyNames, route, service, serviceNames, table } from "./__fixtures__/arbitraries.ts";
import {
  describeMissed,
  emptyTable,
  type Missed,
  missedAnywhere,
  own,
  parseRoute,
  type Resolution,
  resolve,
  type Route,
  type RouteTable,
  type TableVariant,
} from "./index.ts";

function variant(name: string, endpoints?: readonly string[]): TableVariant {
  const tier = name === "stable" || name === "rc" ? name : "branch";
  const base = { incarnation: 1, tier, revision: "0", onUnavailable: "Fail" } as const;
  return endpoints === undefined ? base : { ...base, endpoints };
}

function variants(...names: readonly string[]): Record<string, TableVariant> {
  return Object.fromEntries(names.map((name) => [name, variant(name)]));
}

const shop: RouteTable = {
  ...emptyTable("00000000"),
  services: {
    cart: variants("stable", "mp-102"),
    order: variants("stable", "rc"),
    payment: variants("stable", "rc", "mp-101"),
    quote: variants("mp-101"),
    constructor: variants("stable"),
  },
  environments: {
    rc: { parent: "stable", members: { order: "rc", payment: "rc" } },
    "mp-101": { parent: "rc", members: { payment: "mp-101", quote: "mp-101" } },
    "ops-101": { parent: "stable", members: { cart: "mp-102", payment: "gone" } },
    "qa-1": { parent: "mp-101", members: { payment: "stable", order: "gone" } },
  },
};

function ask(service: string, pins: string | undefined, environment?: string): Resolution {
  return resolve(shop, parseRoute({ pins, environment }).route, { service });
}

function short(resolution: Resolution): readonly [string, string | undefined, string | undefined] {
  return [resolution.via, resolution.key, resolution.layer];
}

test("without pins and environment, stable answers", () => {
  assert.deepEqual(short(ask("payment", undefined)), ["stable", "stable", undefined]);
});

test("a live pin answers, a pin of another service doesn't", () => {
  assert.deepEqual(short(ask("payment", "payment:mp-101")), ["pin", "mp-101", undefined]);
  assert.deepEqual(short(ask("payment", "cart:mp-102")), ["stable", "stable", undefined]);
});

test("a pin that isn't live is reported as missed, and the next layer answers", () => {
  const missing = ask("payment", "payment:mp-1012");
  assert.deepEqual(short(missing), ["stable", "stable", undefined]);
  assert.deepEqual(missing.missed, [{ kind: "pin", service: "payment", key: "mp-1012" }]);
  const layered = ask("payment", "payment:mp-1012", "mp-101");
  assert.deepEqual(short(layered), ["environment", "mp-101", "mp-101"]);
});

test("layers fall through upward to their parent", () => {
  assert.deepEqual(short(ask("payment", undefined, "mp-101")), ["environment", "mp-101", "mp-101"]);
  assert.deepEqual(short(ask("order", undefined, "mp-101")), ["environment", "rc", "rc"]);
  assert.deepEqual(short(ask("cart", undefined, "mp-101")), ["stable", "stable", undefined]);
});

test("a member that isn't live is reported as missed", () => {
  const order = ask("order", undefined, "qa-1");
  assert.deepEqual(short(order), ["environment", "rc", "rc"]);
  assert.deepEqual(order.missed, [
    { kind: "member", environment: "qa-1", service: "order", key: "gone" },
  ]);
});

test("stable as a member or as a pin hides the layers below", () => {
  assert.deepEqual(short(ask("payment", undefined, "qa-1")), ["environment", "stable", "qa-1"]);
  assert.deepEqual(short(ask("payment", "payment:stable", "mp-101")), ["pin", "stable", undefined]);
});

test("the environment stable is the root and never missed", () => {
  const root = ask("payment", undefined, "stable");
  assert.deepEqual(short(root), ["stable", "stable", undefined]);
  assert.deepEqual(root.missed, []);
});

test("an unknown environment is reported as missed, whichever variant answers", () => {
  const missed = [{ kind: "environment", environment: "nobody" }];
  assert.deepEqual(ask("payment", undefined, "nobody").missed, missed);
  assert.deepEqual(ask("payment", "payment:mp-101", "nobody").missed, missed);
  assert.deepEqual(ask("unheard-of", undefined, "nobody").missed, missed);
});

test("a service without stable answers routes that name its variant, and no others", () => {
  assert.deepEqual(short(ask("quote", "quote:mp-101")), ["pin", "mp-101", undefined]);
  assert.deepEqual(short(ask("quote", undefined)), ["none", undefined, undefined]);
  assert.deepEqual(short(ask("quote", undefined, "ops-101")), ["none", undefined, undefined]);
});

test("names of built-in properties are ordinary names in resolve", () => {
  assert.deepEqual(short(ask("constructor", undefined)), ["stable", "stable", undefined]);
  assert.deepEqual(short(ask("constructor", "constructor:constructor")), [
    "stable",
    "stable",
    undefined,
  ]);
  assert.deepEqual(short(ask("hasOwnProperty", undefined)), ["none", undefined, undefined]);
  assert.deepEqual(short(ask("__proto__", undefined)), ["none", undefined, undefined]);
  for (const environment of ["constructor", "__proto__"]) {
    const missed = [{ kind: "environment", environment }];
    const route = { pins: new Map<string, string>(), environment, mode: "fallback" } as const;
    assert.deepEqual(resolve(shop, route, { service: "payment" }).missed, missed);
  }
});

test("an endpoint is answered only by variants that consume it", () => {
  const services = {
    payment: {
      stable: variant("stable"),
      "mp-101": variant("mp-101", ["refunds"]),
      "mp-102": variant("mp-102", []),
    },
  };
  const table: RouteTable = { ...shop, services };
  const pinned = (key: string, endpoint?: string): string | undefined =>
    resolve(table, parseRoute({ pins: `payment:${key}` }).route, { service: "payment", endpoint })
      .key;
  assert.equal(pinned("mp-101", "refunds"), "mp-101");
  assert.equal(pinned("mp-101", "orders"), "stable");
  assert.equal(pinned("mp-102", "orders"), "stable");
  assert.equal(pinned("mp-102"), "mp-102");
  assert.equal(pinned("stable", "orders"), "stable");
});

test("a cycle of parents terminates", () => {
  const environments = {
    a: { parent: "b", members: {} },
    b: { parent: "a", members: { payment: "gone" } },
  };
  const circular: RouteTable = { ...shop, environments };
  const { via } = resolve(circular, parseRoute({ environment: "a" }).route, { service: "payment" });
  assert.equal(via, "stable");
});

test("eight layers are searched, a ninth is not", () => {
  const chain = (length: number): RouteTable => ({
    ...shop,
    environments: Object.fromEntries(
      Array.from({ length }, (_, at) => [
        `l${at}`,
        at === length - 1
          ? { parent: "stable", members: { payment: "mp-101" } }
          : { parent: `l${at + 1}`, members: {} },
      ]),
    ),
  });
  const bottom = parseRoute({ environment: "l0" }).route;
  assert.equal(resolve(chain(8), bottom, { service: "payment" }).key, "mp-101");
  assert.equal(resolve(chain(9), bottom, { service: "payment" }).key, "stable");
});

test("a strict edge sees everything that is missed, once each", () => {
  const missed = (pins: string | undefined, environment?: string): readonly string[] =>
    missedAnywhere(shop, parseRoute({ pins, environment }).route).map(describeMissed);
  assert.deepEqual(missed("payment:mp-101::cart:mp-102", "mp-101"), []);
  assert.deepEqual(missed("payment:gone::cart:mp-102"), ["payment:gone"]);
  assert.deepEqual(missed(undefined, "ops-101"), ["payment:gone of environment ops-101"]);
  assert.deepEqual(missed("payment:mp-101", "ops-101"), []);
  assert.deepEqual(missed(undefined, "nobody"), ["environment nobody"]);
  assert.deepEqual(missed("cart:mp-102", "nobody"), ["environment nobody"]);
  assert.deepEqual(missed("cart:gone::payment:gone", "nobody"), [
    "environment nobody",
    "cart:gone",
    "payment:gone",
  ]);
});

const question = fc.record({
  table,
  route,
  service,
  endpoint: fc.constantFrom(undefined, "orders", "refunds"),
});

test("resolve is total and deterministic, and returns only live variants", () => {
  fc.assert(
    fc.property(question, ({ table, route, service, endpoint }) => {
      const answer = resolve(table, route, { service, endpoint });
      assert.deepEqual(resolve(structuredClone(table), route, { service, endpoint }), answer);
      assert.equal(answer.service, service);
      if (answer.via === "none") {
        assert.deepEqual([answer.key, answer.variant], [undefined, undefined]);
        return;
      }
      assert.ok(answer.key !== undefined && answer.variant !== undefined);
      const listed = own(own(table.services, service) ?? {}, answer.key);
      assert.equal(listed, answer.variant);
      if (endpoint !== undefined) assert.ok(answer.variant.endpoints?.includes(endpoint) ?? true);
      assert.equal(answer.via === "environment", answer.layer !== undefined);
    }),
    { numRuns: 2000 },
  );
});

/** An independent implementation of the rule: all candidates in order, live or not. */
function candidates(table: RouteTable, route: Route, service: string): readonly [string, string][] {
  const found: [string, string][] = [];
  const pin = route.pins.get(service);
  if (pin !== undefined) found.push(["pin", pin]);
  let layer = route.environment;
  while (layer !== undefined && layer !== "stable") {
    const environment = Object.entries(table.environments).find(([name]) => name === layer)?.[1];
    for (const [member, key] of Object.entries(environment?.members ?? {})) {
      if (member === service) found.push(["environment", key]);
    }
    layer = environment?.parent;
  }
  found.push(["stable", "stable"]);
  return found;
}

test("pin, then layers upward, then stable: the first that is live answers", () => {
  fc.assert(
    fc.property(question, ({ table, route, service, endpoint }) => {
      const listed = new Map(
        Object.entries(Object.fromEntries(Object.entries(table.services))[service] ?? {}),
      );
      const live = candidates(table, route, service).find(([, key]) => {
        const endpoints = listed.get(key)?.endpoints;
        return (
          listed.has(key) && (endpoint === undefined || (endpoints?.includes(endpoint) ?? true))
        );
      });
      const answer = resolve(table, route, { service, endpoint });
      assert.deepEqual([answer.via, answer.key], live ?? ["none", undefined]);
    }),
    { numRuns: 2000 },
  );
});

test("a live pin takes precedence over every environment", () => {
  fc.assert(
    fc.property(table, route, fc.constantFrom(...serviceNames), (table, route, service) => {
      const [live] = Object.keys(own(table.services, service) ?? {});
      fc.pre(live !== undefined);
      const pins = new Map([...route.pins, [service, live ?? ""]]);
      for (const environment of [route.environment, ...Object.keys(table.environments)]) {
        const answer = resolve(table, { ...route, pins, environment }, { service });
        assert.deepEqual([answer.via, answer.key], ["pin", live]);
      }
    }),
    { numRuns: 500 },
  );
});

test("a new variant changes nothing for a route that names neither it nor its layers", () => {
  const addition = fc.record({
    table,
    route,
    owner: fc.constantFrom(...serviceNames),
    added: fc.constantFrom(...keyNames.filter((key) => key !== "stable")),
    asked: fc.constantFrom(...serviceNames),
  });
  fc.assert(
    fc.property(addition, ({ table, route, owner, added, asked }) => {
      const named =
        route.pins.get(owner) === added ||
        candidates(table, { ...route, pins: new Map() }, owner).some(([, key]) => key === added) ||
        layersOf(table, route).includes(added);
      fc.pre(!named && own(own(table.services, owner) ?? {}, added) === undefined);
      const layer = own(table.environments, added) ?? { parent: "stable", members: {} };
      const after: RouteTable = {
        ...table,
        services: {
          ...table.services,
          [owner]: { ...own(table.services, owner), [added]: variant(added) },
        },
        environments: {
          ...table.environments,
          [added]: { ...layer, members: { ...layer.members, [owner]: added } },
        },
      };
      const target = { service: asked };
      const before = resolve(table, route, target);
      assert.deepEqual(resolve(after, route, target), before);
    }),
    { numRuns: 2000 },
  );
});

function layersOf(table: RouteTable, route: Route): readonly string[] {
  const layers: string[] = [];
  let layer = route.environment;
  while (layer !== undefined && layer !== "stable") {
    layers.push(layer);
    layer = own(table.environments, layer)?.parent;
  }
  return layers;
}

test("nothing that is reported as missed is live", () => {
  fc.assert(
    fc.property(table, route, key, (table, route, service) => {
      for (const missed of [
        ...resolve(table, route, { service }).missed,
        ...missedAnywhere(table, route),
      ]) {
        assert.ok(!isListed(table, missed), describeMissed(missed));
      }
    }),
    { numRuns: 500 },
  );
});

function isListed(table: RouteTable, missed: Missed): boolean {
  if (missed.kind === "environment")
    return own(table.environments, missed.environment) !== undefined;
  return own(own(table.services, missed.service) ?? {}, missed.key) !== undefined;
}
