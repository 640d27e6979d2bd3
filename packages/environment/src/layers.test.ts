import assert from "node:assert/strict";
import { test } from "node:test";
import { STABLE, maxDepth } from "@cocktail/route";
import fc from "fast-check";
import { type LayerVariant, type DesiredLayer, depthOf, materialiseLayers } from "./layers.ts";

function variant(name: string, more: Partial<LayerVariant> = {}): LayerVariant {
  const [service = "", key = ""] = name.split(":");
  return { service, key, isActive: true, isPending: false, ...more };
}

function environment(
  name: string,
  members: Readonly<Record<string, string>> = {},
  parent = STABLE,
): DesiredLayer {
  return { name, parent, members };
}

function layersOf(
  variants: readonly LayerVariant[],
  environments: readonly DesiredLayer[] = [],
  current: Parameters<typeof materialiseLayers>[2] = {},
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(materialiseLayers(variants, environments, current));
}

const rc = { parent: STABLE, members: {} };

test("the layer of a key exists by itself, stable's does not, rc always", () => {
  assert.deepEqual(layersOf([variant("cart:mp-1"), variant("pay:mp-1"), variant("cart:stable")]), {
    rc,
    "mp-1": { parent: STABLE, members: { cart: "mp-1", pay: "mp-1" } },
  });
});

test("an explicit environment overlays the layer of its name: its members win, its parent counts", () => {
  const explicit = environment("mp-1", { cart: "mp-9", order: STABLE }, "rc");
  assert.deepEqual(layersOf([variant("cart:mp-1"), variant("pay:mp-1")], [explicit]), {
    rc,
    "mp-1": { parent: "rc", members: { cart: "mp-9", pay: "mp-1", order: STABLE } },
  });
});

test("an environment is unchanged while a member is pending, and then changes as a whole", () => {
  const current = { ops: { parent: STABLE, members: { cart: "mp-1" } } };
  const wanted = environment("ops", { cart: "mp-1", pay: "mp-2" }, "rc");
  const pending = [variant("cart:mp-1"), variant("pay:mp-2", { isActive: false, isPending: true })];
  assert.deepEqual(layersOf(pending, [wanted], current)["ops"], current.ops);
  assert.equal(layersOf(pending, [wanted])["ops"], undefined);
  const failed = [variant("cart:mp-1"), variant("pay:mp-2", { isActive: false })];
  assert.deepEqual(layersOf(failed, [wanted], current)["ops"], {
    parent: "rc",
    members: { cart: "mp-1", pay: "mp-2" },
  });
});

test("an environment that is being deleted leaves the table together with its variants", () => {
  const current = { ops: { parent: STABLE, members: { cart: "mp-1" } } };
  const wanted = environment("ops", { cart: "mp-1" });
  const active = [variant("cart:mp-1")];
  const waiting = { ...wanted, closing: "waiting" } as const;
  assert.deepEqual(layersOf(active, [waiting], current)["ops"], current.ops);
  assert.equal(layersOf([], [{ ...wanted, closing: "closed" }], current)["ops"], undefined);
});

test("a missing parent is an empty layer", () => {
  const top = environment("top", {}, "mp-7");
  assert.deepEqual(layersOf([], [top])["mp-7"], { parent: STABLE, members: {} });
});

test("names are data", () => {
  const layers = layersOf([variant("constructor:constructor")]);
  assert.deepEqual(layers["constructor"], {
    parent: STABLE,
    members: { constructor: "constructor" },
  });
});

test("every chain of parents ends at stable within the limit, for any input", () => {
  const name = fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l");
  const wanted = fc.uniqueArray(fc.record({ name, parent: fc.oneof(name, fc.constant(STABLE)) }), {
    selector: (each) => each.name,
    size: "large",
  });
  fc.assert(
    fc.property(wanted, (list) => {
      const environments = list.map((each) => environment(each.name, {}, each.parent));
      const layers = materialiseLayers([], environments, {});
      for (const layer of layers.keys()) {
        const depth = depthOf(layer, (each) => layers.get(each)?.parent);
        assert.ok(depth !== undefined && depth <= maxDepth, layer);
      }
    }),
    { numRuns: 2_000 },
  );
});
