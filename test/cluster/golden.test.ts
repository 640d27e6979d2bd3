import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { merge, type RawVirtualService } from "@cocktail/mesh";
import { parseAllDocuments } from "yaml";
import { type Cluster, connect, meshNamespace, type TestObject } from "@cocktail/testbed";
import { patches } from "../../packages/mesh/test/merge-arbitraries.ts";
import { baseRoute, patchOf, target, to } from "../../packages/mesh/test/merge-objects.ts";

const apply = "application/apply-patch+yaml";
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

  /** What the API says of an object without keeping it; empty if it accepts it. */
  async function dryRun({ metadata, ...object }: RawVirtualService): Promise<string> {
    const name = "fuzz";
    const path = `/apis/networking.istio.io/v1/namespaces/golden/virtualservices/${name}`;
    const body = { ...object, metadata: { ...metadata, name, namespace: "golden" } };
    const query = "fieldManager=test&force=true&dryRun=All&fieldValidation=Ignore";
    const answer = await cluster.api.raw("PATCH", `${path}?${query}`, body, apply);
    return answer.status < 300 ? "" : JSON.stringify(answer.body);
  }

  test("the admission webhook refuses what is wrong", async () => {
    const broken = {
      apiVersion: "networking.istio.io/v1",
      kind: "VirtualService",
      metadata: { name: "broken", namespace: "golden" },
      spec: { hosts: ["a"], http: [] },
    };
    await assert.rejects(cluster.apply(broken), /denied the request/);
  });

  test("what it accepts as a base it accepts with any patches merged", async () => {
    const stable = baseRoute("stable");
    const tcp = [{ match: [{ port: 1 }], route: to("stable") }];
    const bases = [
      target([stable]),
      target([baseRoute("api", { uri: { prefix: "/api" } }), stable], { tcp }),
    ];
    for (const base of bases) {
      assert.equal(await dryRun(base), "");
      for (const all of fc.sample(patches, { numRuns: 100 }))
        assert.equal(await dryRun(merge(base, all).virtualService), "", JSON.stringify(all));
    }
  });

  test("a pattern is refused exactly where it refuses it", async () => {
    for (const regex of [
      ...["(", ")", "[", "a(?=b)", "a(?!b)", "(?<!a)b", String.raw`(a)\1`, "*", "a**", "a{1001}"],
      ...["a{2,1}", "\\", "[z-a]", "(?P<n>a)", "(?i)a", "(?i:a)", "(?s-U)a", String.raw`\(a\[`],
      ...[String.raw`\pN`, "[[:alpha:]]", "[(]", "a{1000}", "a|b", "", "é", "^a$", String.raw`\z`],
    ]) {
      const route = { match: [{ headers: { a: { regex } } }], route: to("one") };
      const isRefused = (await dryRun(target([route, baseRoute("stable")]))) !== "";
      const patch = patchOf("a", { http: [route] });
      const { faults } = merge(target([baseRoute("stable")]), [patch]);
      assert.equal(faults.length > 0, isRefused, regex);
    }
  });

  assert.ok(files.length > 20, `${files.length} golden files in ${folder}`);
  for (const file of files)
    test(`everything of ${file} is accepted`, async () => {
      const text = readFileSync(join(folder, file), "utf8");
      const objects = parseAllDocuments(text).map((one) => one.toJS() as TestObject);
      try {
        await cluster.apply(...objects);
      } finally {
        // Other suites need the filter of the mesh, and its removal would cut their connections.
        await cluster.remove(
          ...objects.filter(({ metadata }) => metadata.name !== "cocktail-mesh"),
        );
      }
    });
});
