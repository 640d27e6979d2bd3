import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { keyFromBranch } from "@cocktail/route";
import { type PreparedShop, prepareShop } from "../prepare.ts";
import { branches } from "../branches/branches.ts";
import { json, post } from "./json.ts";
import { shop, startService } from "./running-service.ts";

const home = mkdtempSync(join(tmpdir(), "cocktail-shop-"));
let prepared: PreparedShop;
before(() => {
  prepared = prepareShop(join(home, "shop"));
});
after(() => rmSync(home, { recursive: true, force: true }));

function git(...args: readonly string[]): string {
  return execFileSync("git", args, { cwd: prepared.directory, encoding: "utf8" }).trim();
}

/** A worktree as `cocktail branch deploy` makes it: below the shop's own directory. */
function worktree(branch: string): string {
  const path = join(prepared.directory, ".cocktail", "worktrees", branch.replaceAll("/", "-"));
  git("worktree", "add", "--quiet", path, branch);
  return path;
}

test("the copy is a clean repository on main, with a branch for each patch", () => {
  assert.equal(git("status", "--porcelain"), "");
  assert.equal(git("rev-parse", "--abbrev-ref", "HEAD"), "main");
  const names = git("branch", "--format=%(refname:short)").split("\n");
  assert.deepEqual(new Set(names), new Set(["main", ...branches.map(({ name }) => name)]));
  assert.deepEqual(prepared.branches, branches);
});

test("every patch belongs to a branch, and changes its service alone", () => {
  const patches = readdirSync(join(shop, "branches")).filter((file) => file.endsWith(".patch"));
  assert.deepEqual(new Set(patches), new Set(branches.map(({ patch }) => patch)));
  for (const { name, service } of branches) {
    const changed = git("diff", "--name-only", `main..${name}`).split("\n");
    assert.deepEqual([...new Set(changed.map((path) => path.split("/")[0]))], [service], name);
    assert.ok(changed.includes(`${service}/VERSION`), name);
  }
});

test("the keys of the branches are those that their names give", () => {
  for (const { name, key } of branches) {
    if (key !== "rc") assert.equal(keyFromBranch(name), key);
  }
});

for (const { name, service, version, key } of branches) {
  test(`${name} starts from a worktree and is visibly another version`, async () => {
    await using running = await startService(service, { COCKTAIL_VARIANT: key }, worktree(name));
    const answer: unknown = await (await fetch(`${running.url}/version`)).json();
    assert.deepEqual(answer, { service, variant: key, version });
  });
}

test("what the branches promise is what they do", async () => {
  const path = (branch: string): string =>
    join(prepared.directory, ".cocktail", "worktrees", branch);
  await using payment = await startService(
    "payment-service",
    {},
    path("feature-mp-101-faster-payments"),
  );
  const paid = (await json(`${payment.url}/payments`, post({ amountCents: 5_350 }))).body;
  assert.deepEqual(
    [paid["method"], paid["settledIn"], paid["feeCents"]],
    ["instant", "5 seconds", 66],
  );
  await using cart = await startService("cart-service", {}, path("feature-mp-102-new-cart"));
  const { items, note } = (await json(`${cart.url}/cart`)).body;
  assert.deepEqual([items?.length, note], [3, "Shipping is free today."]);
  await using squad = await startService("notification-service", {}, path("squad-payment-dev"));
  assert.equal(
    (await json(`${squad.url}/notifications`, post({ text: "" }))).body["channel"],
    "chat",
  );
  await using order = await startService(
    "order-service",
    { PAYMENT_SERVICE_URL: payment.url, NOTIFICATION_SERVICE_URL: squad.url },
    path("release-order-1.2"),
  );
  assert.equal(
    (await json(`${order.url}/orders`, post({ totalCents: 5_350 }))).body["delivery"],
    "tomorrow",
  );
});

test("the branch that crashes does so at its first notification, and stays down", async () => {
  const directory = join(
    prepared.directory,
    ".cocktail/worktrees/feature-mp-105-bulk-notifications",
  );
  const running = await startService("notification-service", {}, directory);
  await assert.rejects(fetch(`${running.url}/notifications`, post({ text: "" })));
  assert.equal(await running.stop(), 1);
  await assert.rejects(startService("notification-service", {}, directory), /outbox\.lock exists/);
  // Nothing that would keep its worktree from being removed.
  const status = execFileSync("git", ["status", "--porcelain"], {
    cwd: directory,
    encoding: "utf8",
  });
  assert.equal(status, "");
});

test("a service can be left out, with its branches", () => {
  const without = prepareShop(join(home, "small"), ["cart-service", "recommendation-service"]);
  const yaml = readFileSync(without.file, "utf8");
  const names = [...yaml.matchAll(/- name: (\S+)/g)].map(([, name]) => name);
  assert.deepEqual(names, [
    "storefront",
    "order-service",
    "payment-service",
    "notification-service",
  ]);
  assert.ok(!without.branches.some(({ service }) => service === "cart-service"));
});

test("a directory that holds a shop already is left alone", () => {
  const file = join(home, "used", "cocktail.yaml");
  prepareShop(join(home, "used"));
  writeFileSync(file, "mine");
  assert.throws(() => prepareShop(join(home, "used")), /used/);
  assert.equal(readFileSync(file, "utf8"), "mine");
});

test("nothing of this clone but its dependencies is shared with the copy", () => {
  for (const name of ["branches", "chassis", "test", "prepare.ts"]) {
    assert.ok(!existsSync(join(prepared.directory, name)), name);
  }
  assert.deepEqual(git("ls-files", "node_modules", ".cocktail"), "");
});

test("as a command it prints what it made", () => {
  const script = join(shop, "prepare.ts");
  const args = ["--conditions=@cocktail/source", script, join(home, "printed")];
  const printed: unknown = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
  const directory = join(home, "printed");
  assert.deepEqual(printed, { directory, file: join(directory, "cocktail.yaml"), branches });
});
