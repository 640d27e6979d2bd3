import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { ApiError } from "@cocktail/client";
import { nextTag } from "@cocktail/route";
import { until } from "@cocktail/test-support";
import { aService, aVariant, anEnvironment } from "../../test/fake-lifecycle.ts";
import { z } from "zod";
import { openApi } from "../../test/open-api.ts";
import type { EngineEvent } from "../engine/engine.ts";
import type { LifecycleService } from "../service/lifecycle-service.ts";
import { sampleContent } from "../store/testing/samples.ts";

describe("the API, through its client", () => {
  test("returns views unchanged", async () => {
    await using api = await openApi();
    const { client } = api;
    assert.deepEqual(await client.services(), [aService]);
    assert.deepEqual(await client.service("payment-service"), aService);
    assert.deepEqual(await client.variants(), [aVariant]);
    assert.deepEqual(await client.variant("payment-service", "mp-101"), aVariant);
    assert.deepEqual(await client.environments(), [anEnvironment]);
    assert.deepEqual(await client.environment("ops-101"), anEnvironment);
    assert.deepEqual((await client.explain("ops-101")).environment, anEnvironment);
    assert.deepEqual(await client.readiness(), { ready: true, reasons: [] });
    assert.deepEqual(await client.status(), {
      name: "shop",
      version: "0.1.0",
      domain: "localhost",
      edge: "http://127.0.0.1:8080",
      startedAt: "2026-11-23T10:00:00.000Z",
      recovered: ["payment-service:mp-101"],
      epoch: 0,
      tag: "0a0b0c0d",
      writable: true,
      outdated: false,
      services: [aService],
    });
  });

  test("passes every change to the lifecycle with all parameters", async () => {
    await using api = await openApi();
    const { client, lifecycle } = api;
    const deploy = {
      service: "payment-service",
      branch: "feature/mp-101",
      source: { kind: "directory", path: "/src/p" },
      command: ["sh", "-c", "one\ntwo", ""],
      env: { A: "1" },
      environment: "ops-101",
      ttlSeconds: 60,
      onUnavailable: "Fallback",
      replace: true,
      dryRun: true,
    } as const;
    const members = { "payment-service": "mp-101" };
    assert.equal((await client.deploy(deploy)).generation, 1);
    await client.deleteVariant("payment-service", "mp-101");
    await client.deleteVariant("payment-service", "mp-101", { discard: true, dryRun: true });
    await client.deleteVariant("payment-service", "mp-101", { discard: false, dryRun: false });
    await client.promote("payment-service");
    await client.promote("payment-service", { dryRun: true });
    const headers = { authorization: "Bearer a-token-of-this-test" };
    const bare = { method: "POST", headers };
    assert.equal((await api.request("/v1/services/payment-service/promote", bare)).status, 200);
    await client.createEnvironment({ name: "ops-101", parent: "rc", members, ttlSeconds: 5 });
    await client.applyEnvironment("ops-101", { members, dryRun: true });
    await client.extendEnvironment("ops-101", 3600);
    const deleted = await client.deleteEnvironment("ops-101", { keepVariants: true });
    assert.deepEqual(deleted.variants, ["payment-service:mp-101"]);
    const actor = { name: "token:local" };
    assert.deepEqual(lifecycle.asked, [
      ["deploy", deploy, actor],
      ["destroy", "payment-service", "mp-101", { discard: false, dryRun: false }, actor],
      ["destroy", "payment-service", "mp-101", { discard: true, dryRun: true }, actor],
      ["destroy", "payment-service", "mp-101", { discard: false, dryRun: false }, actor],
      ["promote", "payment-service", {}, actor],
      ["promote", "payment-service", { dryRun: true }, actor],
      ["promote", "payment-service", {}, actor],
      ["createEnvironment", { name: "ops-101", parent: "rc", members, ttlSeconds: 5 }, actor],
      ["applyEnvironment", "ops-101", { members, dryRun: true }, actor],
      ["extendEnvironment", "ops-101", 3600, { dryRun: undefined }, actor],
      [
        "deleteEnvironment",
        "ops-101",
        { keepVariants: true, discard: false, dryRun: false },
        actor,
      ],
    ]);
  });

  test("a list is paged, and each page continues after the previous one", async () => {
    const names = Array.from({ length: 7 }, (_, at) => `e-${at}`);
    const all = ["stable", "rc", ...names];
    await using api = await openApi({
      lifecycle: {
        environmentNames: () => all,
        environment: (name) => ({ ...anEnvironment, name }),
      },
    });
    const seen: string[] = [];
    let next = "";
    for (let part = 0; part < 5; part++) {
      const query = next === "" ? "?limit=2" : `?limit=2&continue=${next}`;
      const answer: unknown = await (await api.request(`/v1/environments${query}`)).json();
      const page = z.object({
        items: z.array(z.object({ name: z.string() })),
        continue: z.string().optional(),
      });
      const { items, continue: token = "" } = page.parse(answer);
      seen.push(...items.map(({ name }) => name));
      next = token;
      if (next === "") break;
    }
    assert.deepEqual(seen, all);
    assert.deepEqual(
      (await api.client.environments()).map(({ name }) => name),
      all,
    );
    assert.equal((await api.request("/v1/environments?limit=0")).status, 400);
  });

  test("a watch delivers every change, and only the newest to a slow reader", async () => {
    const listeners = new Set<Parameters<LifecycleService["onChange"]>[0]>();
    await using api = await openApi({
      lifecycle: {
        onChange: (listener) => {
          listeners.add(listener);
          return () => void listeners.delete(listener);
        },
      },
    });
    const object = (version: string): EngineEvent["object"] => ({
      kind: "Environment",
      name: "ops",
      uid: "u",
      version,
      generation: 1,
      labels: {},
      createdAt: 0,
      spec: { parent: "stable", members: {} },
    });
    const stop = new AbortController();
    const seen: string[] = [];
    for await (const event of api.client.watch({ signal: stop.signal })) {
      if (event.kind === "alive") {
        if (seen.length > 0) continue;
        for (const listener of listeners) {
          listener({ change: "put", object: object("1") });
          listener({ change: "removed", object: object("2") });
          listener(undefined);
        }
        continue;
      }
      seen.push(`${event.kind} ${event.name} ${event.version} ${event.change}`);
      break;
    }
    stop.abort();
    assert.deepEqual(seen, ["Environment ops 2 removed"]);
    await until("the listener to be gone", () => listeners.size === 0);
  });

  test("answers NOT_FOUND with how to list the objects", async () => {
    await using api = await openApi();
    const { client } = api;
    for (const ask of [
      () => client.service("nobody"),
      () => client.variant("payment-service", "mp-9"),
      () => client.environment("nowhere"),
      () => client.explain("nowhere"),
      () => client.routeTable(7),
      () => client.resolve({ service: "nobody" }),
      () => client.resolve({ epoch: 9 }),
    ]) {
      await assert.rejects(ask, (error) => {
        assert.ok(ApiError.is(error));
        assert.equal(error.code, "NOT_FOUND");
        assert.match(error.problem.detail, / does not exist$/);
        assert.match(error.problem.fix, /GET/);
        return true;
      });
    }
  });

  test("gives the route table by its head and by epoch, with an ETag", async () => {
    await using api = await openApi();
    const genesis = await api.store.tables.head();
    await api.store.tables.append(0, sampleContent({ a: { stable: "r1" } }));
    const head = await api.client.routeTable();
    assert.deepEqual(head, await api.store.tables.head());
    assert.equal(head.tag, nextTag(genesis.tag, head));
    assert.deepEqual(await api.client.routeTable(0), genesis);

    const tag = `"1-${head.tag}"`;
    const first = await api.request("/v1/route-table");
    assert.equal(first.headers.get("etag"), tag);
    assert.match(first.headers.get("content-type") ?? "", /^application\/json/);
    const again = await api.request("/v1/route-table", { headers: { "if-none-match": tag } });
    assert.equal(again.status, 304);
    assert.equal(await again.text(), "");
  });

  test("resolves a route for one service and for all, and says what was rejected", async () => {
    const table = {
      epoch: 4,
      tag: "00000001",
      resolver: 1,
      historyFloor: 0,
      ...sampleContent({
        "payment-service": { stable: "r1", "mp-101": "r2" },
        b: { stable: "r1" },
      }),
    } as const;
    await using api = await openApi({ lifecycle: { table: () => table } });
    const one = await api.client.resolve({
      pins: "PAYMENT-service:mp-101::b:gone,:x",
      service: "payment-service",
    });
    assert.deepEqual(one, {
      epoch: 4,
      canonical: { pins: "payment-service:mp-101::b:gone" },
      rejected: [{ field: "pins", reason: "MalformedPin", text: ":x" }],
      services: [
        { service: "payment-service", variant: "payment-service:mp-101", via: "pin", missed: [] },
      ],
    });
    const all = await api.client.resolve({ pins: "b:gone", environment: "unknown" });
    assert.deepEqual(
      all.services.map(({ service, via, missed }) => [
        service,
        via,
        missed.map(({ kind }) => kind),
      ]),
      [
        ["b", "stable", ["pin", "environment"]],
        ["payment-service", "stable", ["environment"]],
      ],
    );
  });

  test("answers 201 for a new object and 200 otherwise", async () => {
    const value = {
      outcome: "unchanged",
      generation: 1,
      variant: aVariant,
      plan: [],
      warnings: [],
    };
    const unchanged = { kind: "done", value } as const;
    await using api = await openApi();
    await using other = await openApi({
      lifecycle: { deploy: () => Promise.resolve(unchanged as never) },
    });
    const init = {
      method: "POST",
      body: JSON.stringify({ service: "payment-service", key: "mp-101" }),
      headers: { authorization: "Bearer a-token-of-this-test", "content-type": "application/json" },
    };
    assert.equal((await api.request("/v1/variants", init)).status, 201);
    assert.equal((await other.request("/v1/variants", init)).status, 200);
  });

  test("measures by operation, without user-defined label values", async () => {
    await using api = await openApi();
    await api.client.variant("payment-service", "mp-101");
    const text = await (await api.request("/metrics")).text();
    assert.match(
      text,
      /cocktail_api_requests_total\{method="GET",route="\/v1\/variants\/:service\/:key",status="200"\} 1/,
    );
    assert.match(text, /cocktail_store_available 1/);
    assert.match(text, /cocktail_route_table_epoch 0/);
    assert.doesNotMatch(text, /mp-101/);
  });
});

describe("closing the API", () => {
  test("finishes running requests, and does not wait for idle connections", async () => {
    const { promise: asked, resolve: arrived } = Promise.withResolvers<void>();
    const { promise: stored, resolve: store } = Promise.withResolvers<void>();
    const api = await openApi({
      lifecycle: {
        async promote() {
          arrived();
          await stored;
          const rest = { generation: 1, variant: aVariant, plan: [], warnings: [] };
          return { kind: "done", value: { outcome: "updated", ...rest } };
        },
      },
    });
    const silent = connect(api.port, "127.0.0.1");
    await once(silent, "connect");
    const answer = api.client.promote("payment-service");
    await asked;
    const closed = api.close();
    store();
    assert.equal((await answer).outcome, "updated");
    await closed;
    silent.destroy();
  });

  test("aborts requests that exceed the grace period", async () => {
    const { promise: asked, resolve: arrived } = Promise.withResolvers<void>();
    const never = new Promise<never>(() => undefined);
    const api = await openApi({
      lifecycle: {
        promote() {
          arrived();
          return never;
        },
      },
    });
    const answer = assert.rejects(api.client.promote("payment-service"), {
      name: "ApiUnreachable",
    });
    await asked;
    await api.close({ graceMs: 20 });
    await answer;
  });
});
