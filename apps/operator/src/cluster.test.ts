import assert from "node:assert/strict";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadConfig } from "./cluster.ts";
import { StartFailure } from "./failure.ts";

const of = (server: string): string => `
apiVersion: v1
kind: Config
current-context: it
contexts: [{ name: it, context: { cluster: it, user: it } }]
clusters: [{ name: it, cluster: { server: "${server}" } }]
users: [{ name: it, user: {} }]
`;

for (const [what, text] of [
  ["is no YAML", "garbage: ["],
  ["has no cluster", "apiVersion: v1\nkind: Config\nclusters: []\n"],
  [
    "names a server without TLS, as the library does where there is no file",
    of("http://localhost:8080"),
  ],
] as const)
  test(`a kubeconfig that ${what} is explained`, () => {
    using directory = mkdtempDisposableSync(join(tmpdir(), "kubeconfig-"));
    const kubeconfig = join(directory.path, "config");
    writeFileSync(kubeconfig, text);
    assert.throws(() => loadConfig({ kubeconfig, context: undefined }), StartFailure);
  });

test("a kubeconfig that names a server is taken", () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kubeconfig-"));
  const kubeconfig = join(directory.path, "config");
  writeFileSync(kubeconfig, of("https://api"));
  const config = loadConfig({ kubeconfig, context: "it" });
  assert.equal(config.getCurrentCluster()?.server, "https://api");
});
