import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutClaim } from "./claim.ts";
import { targetObject } from "./testing/objects.ts";

const entry = (manager: string, operation: string) => ({ manager, operation });
const target = (...managedFields: readonly object[]) => {
  const object = targetObject();
  return { ...object, metadata: { ...object.metadata, managedFields } };
};

test("the operator's claim is given up where somebody applies the target server-side, and nowhere else", () => {
  const helm = entry("helm", "Apply");
  const kubectl = entry("kubectl-client-side-apply", "Update");
  const own = entry("cocktail-operator", "Update");
  assert.deepEqual(withoutClaim(target(helm, own)), target(helm));
  for (const object of [target(helm), target(kubectl, own), targetObject()])
    assert.equal(withoutClaim(object), undefined);
});
