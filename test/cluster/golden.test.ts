import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { type Cluster, connect, meshNamespace, type TestObject } from "@cocktail/testbed";

const folder = fileURLToPath(
  new URL("../../packages/mesh/test/__fixtures__/golden/", import.meta.url),
);
const files = globSync("**/*.yaml", { cwd: folder }).toSorted();
const namespaces = ["golden", "services"];

describe("istiod accepts everything that is rendered", () => {
  let cluster: Cluster;

  before(async () => {
    cluster = connect();
    await cluster.apply(...namespaces.map(meshNamespace));
  });
  after(async () => {
    await cluster.remove(...namespaces.map(meshNamespace));
  });

  test("the admission webhook refuses what is wrong", async () => {
    const broken = {
      apiVersion: "networking.istio.io/v1",
      kind: "VirtualService",
      metadata: { name: "broken", namespace: "golden" },
      spec: { hosts: ["a"], http: [] },
    };
    await assert.rejects(cluster.apply(broken), /denied the request/);
  });

  assert.ok(files.length > 20, `${files.length} golden files in ${folder}`);
  for (const file of files)
    test(`${join(dirname(file), basename(file, ".yaml"))}`, async () => {
      const text = readFileSync(join(folder, file), "utf8");
      const objects = parseAllDocuments(text).map((one) => one.toJS() as TestObject);
      try {
        await cluster.apply(...objects);
      } finally {
        await cluster.remove(...objects);
      }
    });
});
