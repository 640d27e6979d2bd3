import assert from "node:assert/strict";
import { test } from "node:test";
import { bootstrapOf } from "../agent/sidecar.ts";
import { sidecarTemplate } from "./injection.ts";

interface Container {
  readonly name: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
}

/** As istiod does: the template's result is YAML, of which this is the JSON part. `printf "%q"` of Go quotes such a text as JSON does. */
function fill(labels: Readonly<Record<string, string>>): readonly Container[] {
  const quoted = JSON.stringify(JSON.stringify(labels));
  const text = sidecarTemplate().replaceAll(/\{\{.*?\}\}/g, () => quoted);
  const { spec } = JSON.parse(text) as {
    spec: { initContainers: Container[]; containers: Container[] };
  };
  return [...spec.initContainers, ...spec.containers];
}

/** As kubelet does with a container's arguments. */
const expand = (text: string, env: Readonly<Record<string, string>>): string =>
  text.replaceAll(/\$\((\w+)\)/g, (whole, name: string) => env[name] ?? whole);

test("a filled-in template gives Envoy the bootstrap of its pod", () => {
  const labels = { app: "cart-service", "cocktail.dev/variant": "mp-101" };
  const containers = fill(labels);
  assert.deepEqual(
    containers.map((one) => one.name),
    ["istio-init", "istio-proxy"],
  );
  const [, sidecar] = containers;
  const given = sidecar?.env?.find((one) => one.name === "POD_LABELS")?.value ?? "";
  const env = {
    POD_NAME: "cart-1",
    POD_NAMESPACE: "shop",
    POD_IP: "10.244.1.9",
    POD_LABELS: given,
  };
  const config = expand(sidecar?.args?.[1] ?? "", env);
  assert.deepEqual(
    JSON.parse(config),
    bootstrapOf({
      name: "cart-1",
      namespace: "shop",
      ip: "10.244.1.9",
      labels,
      interception: "REDIRECT",
    }),
  );
});

test("the template holds one action, so that no text of a pod is read as one", () => {
  assert.equal(sidecarTemplate().split("{{").length, 2);
});
