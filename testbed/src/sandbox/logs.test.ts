import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { findLogs } from "./logs.ts";

test("logs are found by the names of components and of pods' containers, a restarted one's last", async () => {
  const directory = await mkdtemp(join(tmpdir(), "cocktail-logs-"));
  try {
    const containers = ["app/2.log", "app/10.log", "istio-proxy/0.log"];
    const pods = containers.map((one) => `pods/shop_cart-1-x_4c2f/${one}`);
    for (const file of ["kubelet.log", "shop.cart-1.app.log", ...pods, "notes.txt"]) {
      await mkdir(dirname(join(directory, file)), { recursive: true });
      await writeFile(join(directory, file), "");
    }
    const found = [...findLogs(directory)].map(([name, file]) => [name, relative(directory, file)]);
    assert.deepEqual(Object.fromEntries(found), {
      kubelet: "kubelet.log",
      "shop.cart-1.app": "shop.cart-1.app.log",
      "shop.cart-1-x.app": "pods/shop_cart-1-x_4c2f/app/10.log",
      "shop.cart-1-x.istio-proxy": "pods/shop_cart-1-x_4c2f/istio-proxy/0.log",
    });
    assert.equal(findLogs(join(directory, "absent")).size, 0);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
