import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createClient, httpTableSource, openTableReader } from "@cocktail/client";
import { until } from "@cocktail/test-support";
import { branchesOfPair, live } from "./support/branch-life.ts";
import { startCocktail } from "./support/cocktail.ts";
import { git, makeRepository } from "./support/git.ts";
import { misrouted, tablesOf } from "./support/misrouted.ts";
import { listenersOf, processesOf } from "./support/leftovers.ts";
import { patience } from "./support/patience.ts";
import { get } from "./support/request.ts";
import { brief, type Sample, type Shot, startTraffic } from "./support/traffic.ts";

const pair = join(import.meta.dirname, "fixtures/pair");
const keys = Array.from({ length: 20 }, (_, index) => `mp-${index + 1}`);
const rate = 200;

describe("20 branches deployed, redeployed and deleted at once under load", () => {
  it("fails no request, routes every request as the table says, and leaves nothing behind", async () => {
    await using shop = await startCocktail(pair);
    makeRepository(
      shop.directory,
      keys.map((key) => `feature/${key}-work`),
    );
    const { pid, runId } = shop.run;
    const client = createClient({ baseUrl: shop.run.api, token: shop.run.token });
    const before = { listeners: listenersOf(pid), processes: processesOf(runId).length };
    const epochs: number[] = [];
    const opening = openTableReader({
      source: httpTableSource(client),
      onTable: (table) => epochs.push(table.epoch),
    });
    await using opened = new AsyncDisposableStack();
    const reader = opened.adopt(await opening, (it) => it.close());

    await using traffic = startTraffic(shop.edge, rate, nextShot());
    await Promise.all(branchesOfPair(keys).map((branch) => live(shop, branch)));
    await traffic.stop();

    const failed = traffic.samples.filter((sample) => sample.status !== 200);
    assert.deepEqual(
      failed.slice(0, 5).map(brief),
      [],
      `${failed.length} of ${traffic.samples.length} requests failed`,
    );
    const tables = await tablesOf(traffic.samples, (epoch) => client.routeTable(epoch));
    const wrong = traffic.samples.flatMap((sample) => misrouted(sample, tables));
    assert.deepEqual(wrong.slice(0, 5), [], `${wrong.length} misrouted hops`);
    assert.deepEqual(
      reachedBranches(traffic.samples),
      new Set(keys),
      "the load reached every branch",
    );

    const head = (await client.routeTable()).epoch;
    await reader.waitFor(head, { timeoutMs: 30_000 });
    await opened.disposeAsync();
    assert.ok(
      epochs.every((epoch, index) => index === 0 || epoch > (epochs[index - 1] ?? 0)),
      epochs.join(" "),
    );

    assert.deepEqual((await client.variants()).map((variant) => variant.name).toSorted(), [
      "back:stable",
      "front:stable",
    ]);
    await until(
      "the processes and listeners of the branches to be gone",
      () =>
        listenersOf(pid) === before.listeners && processesOf(runId).length === before.processes
          ? true
          : undefined,
      patience,
    );
    assert.deepEqual(await readdir(join(shop.directory, ".cocktail/worktrees")), []);
    assert.equal(
      git(shop.directory, "worktree", "list", "--porcelain").match(/^worktree /gm)?.length,
      1,
    );
    assert.equal(git(shop.directory, "status", "--porcelain"), "");

    await shop.ok("down");
    assert.deepEqual(processesOf(runId), [], "down returns when every process is gone");
    await assert.rejects(get({ edge: shop.edge, host: "front.localhost" }), /ECONNREFUSED/);
  });
});

function nextShot(): () => Shot {
  let count = 0;
  return () => {
    const key = keys[Math.floor(count / 5) % keys.length] ?? "";
    const kind = count++ % 5;
    if (kind < 2) return { host: "front.localhost", headers: {} };
    // Slow ones are in flight at whatever moment a branch goes: an incarnation must be drained before it is stopped.
    if (kind === 2)
      return {
        host: "front.localhost",
        path: "/slow",
        headers: { "x-service-route": `back:${key}::front:${key}` },
      };
    if (kind === 3) return { host: "front.localhost", headers: { "x-source-route": key } };
    return { host: "front.localhost", headers: { baggage: `team=a,service-route=back%3A${key}` } };
  };
}

function reachedBranches(samples: readonly Sample[]): ReadonlySet<string | undefined> {
  const hops = samples.flatMap((sample) => sample.hops);
  return new Set(hops.map((hop) => hop.variant).filter((variant) => variant !== "stable"));
}
