import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type Cocktail, startCocktail } from "./support/cocktail.ts";
import { makeRepository } from "./support/git.ts";
import { childrenOf, isAlive, processesOf } from "./support/leftovers.ts";
import { readAnswer } from "./support/pair-answer.ts";
import { get } from "./support/request.ts";
import { type Shot, startTraffic } from "./support/traffic.ts";
import { until } from "./support/until.ts";

const pair = join(import.meta.dirname, "fixtures/pair");
const pinned: Shot = { host: "front.localhost", headers: { "x-service-route": "back:mp-1" } };
const stable: Shot = { host: "front.localhost", headers: {} };

describe("kill -9 while requests run", () => {
  it(
    "of a branch's process: an honest 503 that names it, stable unharmed, restarted by itself",
    { timeout: 120_000 },
    async () => {
      await using shop = await startCocktail(pair);
      await shop.ok("branch", "deploy", "back", "--key", "mp-1", "--path", "back");
      const traffic = startTraffic(shop.edge, 100, alternate());
      const first = await pidOf(shop, pinned);
      process.kill(first, "SIGKILL");
      const second = await until("the branch to answer from another process", async () => {
        const pid = await pidOf(shop, pinned);
        return pid === first ? undefined : pid;
      });
      await traffic.stop();
      assert.notEqual(second, first);
      const bad = traffic.samples.filter((sample) => sample.status !== 200);
      assert.ok(
        bad.every((sample) => sample.shot === pinned),
        "no stable request failed",
      );
      for (const sample of bad) {
        assert.equal(sample.status, 503, sample.body);
        assert.match(sample.body, /back:mp-1/);
      }
      assert.ok(
        traffic.samples.every(
          (sample) =>
            sample.status !== 200 ||
            answered(sample.body) === (sample.shot === pinned ? "mp-1" : "stable"),
        ),
        "never silently stable",
      );
    },
  );

  it(
    "of Postgres: traffic unaffected, changes refused as retryable, back within 10 s",
    { timeout: 120_000 },
    async () => {
      await using shop = await startCocktail(pair);
      await shop.ok("branch", "deploy", "back", "--key", "mp-1", "--path", "back");
      const traffic = startTraffic(shop.edge, 100, alternate());
      const killedAt = Date.now();
      for (const { pid } of postgresOf(shop)) process.kill(pid, "SIGKILL");
      let refused: string | undefined;
      await until("a change to be accepted again", async () => {
        const finished = await shop.cocktail(
          "env",
          "apply",
          "squad",
          "--variant",
          "back:mp-1",
          "-o",
          "json",
        );
        if (finished.code === 0) return true;
        refused ??= finished.stderr;
        return undefined;
      });
      const away = Date.now() - killedAt;
      await traffic.stop();
      assert.deepEqual(
        traffic.samples.filter((sample) => sample.status !== 200).map((sample) => sample.body),
        [],
      );
      assert.ok(away < 10_000, `changes were accepted again after ${away} ms`);
      if (refused !== undefined) assert.match(refused, /"retryable": ?true/);
    },
  );

  it(
    "of the main process: the next up ends the leftovers and restores branches and environments",
    { timeout: 180_000 },
    async () => {
      await using shop = await startCocktail(pair);
      makeRepository(shop.directory, ["feature/mp-2-more"]);
      await shop.ok("branch", "deploy", "back", "--key", "mp-1", "--path", "back");
      await shop.ok("branch", "deploy", "front", "--branch", "feature/mp-2-more");
      await shop.ok(
        "env",
        "create",
        "ops-101",
        "--variant",
        "back:mp-1",
        "--variant",
        "front:mp-2",
      );
      const { pid, runId } = shop.run;
      process.kill(pid, "SIGKILL");
      await until("the main process to be gone", () => (isAlive(pid) ? undefined : true));

      const up = await shop.cocktail("up", "--detach", "--port", "0");
      assert.equal(up.code, 0, up.stderr);
      await shop.reload();
      assert.notEqual(shop.run.runId, runId);
      assert.deepEqual(processesOf(runId), [], "the leftovers were ended");
      assert.match(up.stdout + up.stderr, /back:mp-1/);
      assert.match(up.stdout + up.stderr, /ops-101/);
      const answer = await until("the restored environment to answer", async () => {
        const ask = {
          edge: shop.edge,
          host: "front.localhost",
          headers: { "x-source-route": "ops-101" },
        };
        const said = await get(ask);
        return said.served === "front:mp-2" && answered(said.body) === "mp-1" ? said : undefined;
      });
      assert.equal(answer.status, 200);
    },
  );
});

function alternate(): () => Shot {
  let count = 0;
  return () => (count++ % 2 === 0 ? stable : pinned);
}

async function pidOf(shop: Cocktail, shot: Shot): Promise<number> {
  const answer = await get({ edge: shop.edge, ...shot });
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`);
  return readAnswer(answer.body).back.pid;
}

/** Which variant of `back` a body of `front` says. */
function answered(body: string): string {
  return readAnswer(body).back.variant;
}

/** The postmaster: a direct child, or the child of a wrapper that watches over it. */
function postgresOf(shop: Cocktail): readonly { readonly pid: number }[] {
  const direct = childrenOf(shop.run.pid);
  const all = [...direct, ...direct.flatMap((child) => childrenOf(child.pid))];
  const found = all.filter((child) => /(^|\/)postgres( |$)/.test(child.command));
  if (found.length === 0) throw new Error(`no postgres among the children: ${JSON.stringify(all)}`);
  return found;
}
