import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { problem, startFakeApi } from "../../test/support/fake-api.ts";
import { invoke } from "../../test/support/invoke.ts";
import { condition, environment, status, variant, written } from "../../test/support/objects.ts";
import { parseEnvironment } from "./env-spec.ts";

const member = (name: string, live: boolean) => {
  const [service = "", key = ""] = name.split(":");
  return { service, key, layer: "ops-101", live };
};

describe("env create and apply", () => {
  it("sends the layer, waits for its members, and prints how to reach it", async () => {
    const waiting = environment("ops-101", {
      parent: "rc",
      members: [member("cart:mp-102", false)],
      conditions: [condition("False", "Starting", 1, "cart:mp-102")],
    });
    const served = environment("ops-101", {
      parent: "rc",
      members: [member("cart:mp-102", true)],
      expiresAt: "2999-01-01T00:00:00Z",
    });
    await using api = await startFakeApi({
      "POST /v1/environments": () => ({
        status: 201,
        body: written(waiting, { warnings: ["cart:mp-102 is not ready"] }),
      }),
      "GET /v1/environments/ops-101": (_: unknown, count: number) => ({
        body: count === 0 ? waiting : served,
      }),
      "GET /v1/variants/cart/mp-102": variant("cart:mp-102", { state: "PENDING" }),
    });
    const { code, stdout, stderr } = await invoke(
      ["env", "create", "ops-101", "--parent", "rc", "--variant", "cart:mp-102", "--ttl", "2d"],
      api,
    );
    assert.equal(code, 0, stderr);
    assert.deepEqual(api.asked[0]?.body, {
      name: "ops-101",
      parent: "rc",
      members: { cart: "mp-102" },
      ttlSeconds: 172_800,
    });
    assert.match(
      stdout,
      /^environment\/ops-101 created\n {2}url {6}http:\/\/ops-101\.localhost:8080 .*\n {2}header {3}x-source-route: ops-101\n {2}expires {2}2999-01-01T00:00Z \(in .*\n {2}next {5}cocktail env extend ops-101 --by 24h\n$/,
    );
    assert.match(stderr, /! cart:mp-102 is not ready/);
    assert.match(stderr, /✓ ready {5}environment\/ops-101 is served/);
  });

  it("does not wait for a member that is not deployed, and warns", async () => {
    const layer = environment("ops-101", {
      members: [member("cart:mp-102", false)],
      conditions: [
        condition("False", "MemberMissing", 1),
        { ...condition("True", "LayerPublished", 1), type: "RoutesProgrammed" },
      ],
    });
    await using api = await startFakeApi({
      "POST /v1/environments": written(layer),
      "GET /v1/environments/ops-101": layer,
    });
    const { code, stdout, stderr } = await invoke(
      ["env", "create", "ops-101", "--variant", "cart:mp-102", "-o", "json"],
      api,
    );
    assert.equal(code, 0, stderr);
    assert.partialDeepStrictEqual(JSON.parse(stdout), {
      warnings: ["cart:mp-102 is not deployed yet"],
    });
  });

  it("fails if a member failed, and exits 4 if the environment exists", async () => {
    const layer = environment("ops-101", {
      members: [member("cart:mp-102", false)],
      conditions: [condition("False", "WorkloadFailed", 1, "cart:mp-102: exited")],
    });
    await using api = await startFakeApi({
      "POST /v1/environments": (_: unknown, count: number) =>
        count === 0 ? { body: written(layer) } : problem("CONFLICT", 409),
      "GET /v1/environments/ops-101": layer,
      "GET /v1/variants/cart/mp-102": variant("cart:mp-102", { state: "GONE" }),
    });
    const failed = await invoke(["env", "create", "ops-101", "--variant", "cart:mp-102"], api);
    assert.equal(failed.code, 1);
    assert.match(
      failed.stderr,
      /has a member that failed: WorkloadFailed.*\nfix: .*env explain ops-101/,
    );
    assert.equal((await invoke(["env", "create", "ops-101"], api)).code, 4);
  });

  it("applies a file", async (t) => {
    const directory = await mkdtemp(join(tmpdir(), "cocktail-cli-"));
    t.after(() => rm(directory, { recursive: true }));
    const text =
      "apiVersion: cocktail.dev/v1alpha1\nkind: Environment\nmetadata: {name: ops-101}\nspec:\n  parent: rc\n  members:\n  - {service: cart, key: mp-102}\n  ttlSeconds: 3600\n";
    await writeFile(join(directory, "environment.yaml"), text);
    await using api = await startFakeApi({
      "PUT /v1/environments/ops-101": written(environment("ops-101"), { outcome: "unchanged" }),
      "GET /v1/environments/ops-101": environment("ops-101"),
    });
    const { code, stdout, stderr } = await invoke(["env", "apply", "-f", "environment.yaml"], {
      ...api,
      cwd: directory,
    });
    assert.equal(code, 0, stderr);
    assert.deepEqual(api.asked[0]?.body, {
      parent: "rc",
      members: { cart: "mp-102" },
      ttlSeconds: 3600,
    });
    assert.match(stdout, /^environment\/ops-101 unchanged\n/);
    const missing = await invoke(["env", "apply", "-f", "nothing.yaml"], {
      ...api,
      cwd: directory,
    });
    assert.equal(missing.code, 2);
    assert.equal(
      (
        await invoke(["env", "apply", "ops-101", "-f", "environment.yaml"], {
          ...api,
          cwd: directory,
        })
      ).code,
      2,
    );
  });

  it("reports all faults of a file together, each with its line", async () => {
    const text = [
      "apiVersion: v1",
      "kind: Environment",
      "metadata:",
      "  nme: x",
      "spec:",
      "  parent: Stable",
      "  members:",
      "  - service: Cart",
      "    key: mp-102",
      "  - service: order",
      "    key: a",
      "  - service: order",
      "    key: b",
      "  - nothing",
      "  ttlSeconds: 1h",
      "more: 1",
    ].join("\n");
    await assert.rejects(parseEnvironment(text, "e.yaml"), (error: Error) => {
      assert.deepEqual(error.message.split("\n"), [
        "e.yaml:16: more: is unknown; allowed are apiVersion, kind, metadata, spec",
        "e.yaml:1: apiVersion: must be cocktail.dev/v1alpha1",
        "e.yaml:4: metadata.nme: is unknown; allowed are name",
        "e.yaml:4: metadata.name: is missing",
        "e.yaml:6: spec.parent: must be a lower-case DNS label of at most 40 characters",
        "e.yaml:15: spec.ttlSeconds: must be a whole number of seconds above 0",
        "e.yaml:8: spec.members.0.service: must be the name of a service",
        "e.yaml:12: spec.members.1.service: order is listed twice".replace(
          "1.service",
          "2.service",
        ),
        "e.yaml:14: spec.members.3: must be a mapping",
        "e.yaml:14: spec.members.3.service: is missing",
        "e.yaml:14: spec.members.3.key: is missing",
      ]);
      return true;
    });
    await assert.rejects(parseEnvironment("a: [1\nb: 2", "e.yaml"), /e\.yaml:2: /);
    await assert.rejects(
      parseEnvironment("", "e.yaml"),
      /e\.yaml:1: the file must hold one Environment/,
    );
  });
});

describe("env extend", () => {
  it("prints the new expiry, also under --dry-run", async () => {
    const longer = environment("ops-101", { expiresAt: "2999-01-01T00:00:00Z" });
    await using api = await startFakeApi({
      "POST /v1/environments/ops-101/extend": written(longer, { outcome: "updated", plan: [] }),
    });
    const { stdout } = await invoke(["env", "extend", "ops-101", "--by", "24h"], api);
    assert.match(stdout, /^environment\/ops-101 updated\n {2}expires {2}2999-01-01T00:00Z/);
    const dry = await invoke(["env", "extend", "ops-101", "--by", "1d", "--dry-run"], api);
    assert.match(
      dry.stdout,
      /^environment\/ops-101: would be updated, nothing was changed\n {2}expires {2}2999/,
    );
    assert.deepEqual(
      api.asked.map(({ body }) => body),
      [{ bySeconds: 86_400 }, { bySeconds: 86_400, dryRun: true }],
    );
    assert.equal((await invoke(["env", "extend", "ops-101"], api)).code, 2);
  });
});

describe("env delete", () => {
  it("waits for the variants that are deleted with it", async () => {
    await using api = await startFakeApi({
      "DELETE /v1/environments/ops-101": {
        outcome: "deleted",
        variants: ["cart:mp-102"],
        plan: [],
        warnings: [],
      },
      "GET /v1/variants/cart/mp-102": (_: unknown, count: number) =>
        count === 0
          ? { body: variant("cart:mp-102", { state: "DRAINING" }) }
          : problem("NOT_FOUND", 404),
    });
    const { code, stdout } = await invoke(["env", "delete", "environment/ops-101"], api);
    assert.deepEqual(
      [code, stdout],
      [0, "environment/ops-101 deleted\nvariant/cart:mp-102 deleted with it\n"],
    );
    await invoke(["env", "delete", "ops-101", "--keep-variants", "--discard", "--dry-run"], api);
    assert.equal(api.asked.at(-1)?.query.toString(), "keepVariants=true&discard=true&dryRun=true");
  });
});

describe("env get, explain, url", () => {
  it("prints only the URL, also of another entry service, and fails for an unreachable one", async () => {
    await using api = await startFakeApi({
      "GET /v1/environments/ops-101": environment("ops-101"),
      "GET /v1/environments/rc": { ...environment("rc"), url: undefined },
      "GET /v1/services/orders": { name: "orders", url: "http://orders.localhost:8080" },
      "GET /v1/services/inner": { name: "inner" },
      "GET /v1/status": status(),
    });
    assert.equal(
      (await invoke(["env", "url", "ops-101"], api)).stdout,
      "http://ops-101.localhost:8080\n",
    );
    assert.equal(
      (await invoke(["env", "url", "ops-101", "--service", "orders"], api)).stdout,
      "http://ops-101.orders.localhost:8080\n",
    );
    for (const argv of [
      ["env", "url", "rc"],
      ["env", "url", "ops-101", "--service", "inner"],
      ["env", "curl", "rc"],
    ]) {
      const { code, stdout, stderr } = await invoke(argv, api);
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, /\[NO_URL\]/);
    }
    assert.equal((await invoke(["env", "url", "nobody"], api)).code, 3);
  });

  it("explains", async () => {
    const explanation = {
      ready: false,
      reason: "CrashLoop",
      params: { variant: "cart:mp-102" },
      cause: "cart:mp-102 keeps ending",
      blocks: ["VariantsReady"],
      fix: "read its output, fix the cause, deploy it again",
      environment: environment("ops-101"),
    };
    await using api = await startFakeApi({ "GET /v1/environments/ops-101/explain": explanation });
    const { stdout } = await invoke(["env", "explain", "ops-101"], api);
    assert.equal(
      stdout,
      "environment/ops-101 is not ready: CrashLoop\n  cause   cart:mp-102 keeps ending\n  blocks  VariantsReady\n  fix     see its log: cocktail branch logs cart:mp-102; fix the cause, then: deploy it again, or as it is: cocktail restart cart:mp-102\n",
    );
  });

  it("explains a missing member", async () => {
    const explanation = {
      ready: false,
      reason: "MemberMissing",
      params: { variant: "cart:mp-102" },
      cause: "cart:mp-102: not deployed; the layers below answer",
      blocks: [],
      fix: "deploy it, or take it out of the environment",
      environment: environment("ops-101"),
    };
    await using api = await startFakeApi({ "GET /v1/environments/ops-101/explain": explanation });
    const { stdout } = await invoke(["env", "explain", "ops-101"], api);
    assert.match(
      stdout,
      /^environment\/ops-101 is not ready: MemberMissing\n {2}cause .*not deployed/,
    );
    assert.match(stdout, /\n {2}fix +deploy cart:mp-102, or remove it from the environment\n$/);
  });

  it("shows the fallback of a member that is not live", async () => {
    await using api = await startFakeApi({
      "GET /v1/environments/ops-101": environment("ops-101", {
        members: [member("cart:mp-102", false), member("mail:mp-102", true)],
        inherited: [
          { service: "cart", key: "rc", layer: "rc", live: true },
          { service: "mail", key: "stable", layer: "stable", live: true },
        ],
      }),
    });
    const { stdout } = await invoke(["env", "get", "ops-101"], api);
    assert.deepEqual(stdout.trimEnd().split("\n").slice(-4), [
      "SERVICE  VARIANT      LAYER    LIVE",
      "cart     cart:mp-102  ops-101  no",
      "mail     mail:mp-102  ops-101  yes",
      "cart     cart:rc      rc       yes",
    ]);
  });

  it("prints the environment as json and yaml", async () => {
    await using api = await startFakeApi({
      "GET /v1/environments/ops-101": environment("ops-101"),
    });
    const json = await invoke(["env", "get", "ops-101", "-o", "json"], api);
    assert.deepEqual(JSON.parse(json.stdout), environment("ops-101"));
    const yaml = await invoke(["env", "get", "ops-101", "-o", "yaml"], api);
    assert.match(yaml.stdout, /^name: ops-101\nkind: Explicit\n/);
    assert.equal(
      (await invoke(["env", "get", "ops-101", "-o", "name"], api)).stdout,
      "environment/ops-101\n",
    );
  });
});
