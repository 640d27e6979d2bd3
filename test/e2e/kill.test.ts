import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ApiError, createClient } from "@cocktail/client";
import { until } from "@cocktail/test-support";
import { branchesOfPair } from "./support/branch-life.ts";
import { type Churn, startChurn } from "./support/churn.ts";
import { type Cocktail, startCocktail } from "./support/cocktail.ts";
import { makeRepository } from "./support/git.ts";
import { childrenOf, isAlive, processesOf } from "./support/leftovers.ts";
import { askPinned, readAnswer } from "./support/pair-answer.ts";
import { patience } from "./support/patience.ts";
import { get } from "./support/request.ts";
import { brief, type Sample, type Shot, startTraffic, type Traffic } from "./support/traffic.ts";

const pair = join(import.meta.dirname, "fixtures/pair");
const pinned: Shot = { host: "front.localhost", headers: { "x-service-route": "back:mp-1" } };
const stable: Shot = { host: "front.localhost", headers: {} };
const passing = branchesOfPair(["mp-11", "mp-12", "mp-13", "mp-14"]);

/** A branch that stays, `back:mp-1`, while others come and go and 100 requests a second ask for it and for stable. */
interface Storm extends AsyncDisposable {
  readonly shop: Cocktail;
  readonly traffic: Traffic;
  readonly churn: Churn;
}

async function startStorm(): Promise<Storm> {
  await using stack = new AsyncDisposableStack();
  const shop = stack.use(await startCocktail(pair));
  makeRepository(
    shop.directory,
    ["mp-2", ...passing.map(({ key }) => key)].map((key) => `feature/${key}-work`),
  );
  await shop.ok("branch", "deploy", "back", "--key", "mp-1", "--path", "back");
  const churn = stack.use(startChurn(shop, passing));
  const traffic = stack.use(startTraffic(shop.edge, 100, alternate()));
  await until(
    "requests to be answered",
    () => (traffic.samples.length > 50 ? true : undefined),
    patience,
  );
  const all = stack.move();
  return { shop, traffic, churn, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

describe("kill -9 while branches come and go and requests run", () => {
  it("of a branch's process: an honest 503 that names it, stable unharmed, restarted by itself", async () => {
    await using storm = await startStorm();
    const { shop, traffic, churn } = storm;
    const { pid: first } = await askPinned(shop.edge, "back", "mp-1");
    process.kill(first, "SIGKILL");
    await until(
      "the branch to answer from another process",
      async () => {
        const { pid } = await askPinned(shop.edge, "back", "mp-1");
        return pid === first ? undefined : pid;
      },
      patience,
    );
    await churn.stop();
    await traffic.stop();

    const bad = traffic.samples.filter(({ status }) => status !== 200);
    assert.ok(bad.length > 0, "it was down for a while, and that must be said");
    const silent = bad.filter(({ shot, status, body }) => {
      return shot !== pinned || status !== 503 || !body.includes("back:mp-1");
    });
    assert.deepEqual(silent.map(brief), []);
    assert.deepEqual(strayed(traffic).map(brief), [], "never silently stable");
    assert.deepEqual(churn.failures, []);
  });

  it("of Postgres: traffic unaffected, changes refused as retryable, back within 10 s", async () => {
    await using storm = await startStorm();
    const { shop, traffic, churn } = storm;
    const client = createClient({ baseUrl: shop.run.api, token: shop.run.token });
    const refusals: unknown[] = [];
    const killedAt = performance.now();
    process.kill(postgresOf(shop), "SIGKILL");
    await until(
      "a change to be refused, and a later one to be accepted",
      async () => {
        const refusal: unknown = await client
          .applyEnvironment("squad", { members: { back: "mp-1" } })
          .then(
            () => undefined,
            (error: unknown) => error,
          );
        if (refusal !== undefined) refusals.push(refusal);
        return refusal === undefined && refusals.length > 0 ? true : undefined;
      },
      patience,
    );
    const away = performance.now() - killedAt;
    await churn.stop();
    await traffic.stop();

    assert.deepEqual(traffic.samples.filter(({ status }) => status !== 200).map(brief), []);
    assert.deepEqual(strayed(traffic).map(brief), []);
    for (const refusal of refusals) {
      assert.ok(ApiError.is(refusal), String(refusal));
      assert.deepEqual([refusal.status, refusal.retryable], [503, true], refusal.message);
    }
    for (const { command, stderr } of churn.failures)
      assert.match(stderr, /"retryable": ?true/, command);
    assert.ok(away < 10_000, `changes were accepted again after ${away} ms`);
  });

  it("of the main process: the next up ends the leftovers, restores, and says what", async () => {
    await using storm = await startStorm();
    const { shop, traffic, churn } = storm;
    await shop.ok("branch", "deploy", "front", "--branch", "feature/mp-2-work");
    const members = ["--variant", "back:mp-1", "--variant", "front:mp-2"];
    await shop.ok("env", "create", "ops-101", ...members);
    const { pid, runId } = shop.run;
    const { epoch } = await clientOf(shop).routeTable();
    process.kill(pid, "SIGKILL");
    await until("the main process to be gone", () => (isAlive(pid) ? undefined : true), patience);
    // Nobody answers: what is under way ends with an error instead of waiting forever.
    await churn.stop();
    await traffic.stop();

    const up = await shop.cocktail("up", "--detach", "--port", "0");
    assert.equal(up.code, 0, up.stderr);
    await shop.reload();
    assert.notEqual(shop.run.runId, runId);
    assert.deepEqual(processesOf(runId), [], "the leftovers were ended");
    for (const name of ["back:mp-1", "front:mp-2", "ops-101"])
      assert.ok((up.stdout + up.stderr).includes(name), `${name} is told: ${up.stderr}`);
    assert.ok((await clientOf(shop).routeTable()).epoch >= epoch, "epochs go on");
    await until(
      "the restored environment to answer",
      async () => {
        const headers = { "x-source-route": "ops-101" };
        const said = await get({ edge: shop.edge, host: "front.localhost", headers });
        if (said.status !== 200 || said.served !== "front:mp-2") throw new Error(said.body);
        return readAnswer(said.body).back.variant === "mp-1" ? true : undefined;
      },
      patience,
    );
    await shop.ok("env", "delete", "ops-101");
    // They were deployed before it, and so outlive it.
    for (const name of ["back:mp-1", "front:mp-2"]) await shop.ok("branch", "delete", name);
    for (const { service, key } of passing) await shop.ok("branch", "delete", `${service}:${key}`);
    assert.deepEqual((await clientOf(shop).variants()).map(({ name }) => name).toSorted(), [
      "back:stable",
      "front:stable",
    ]);
    assert.deepEqual(await readdir(join(shop.directory, ".cocktail/worktrees")), []);
  });
});

function clientOf(shop: Cocktail): ReturnType<typeof createClient> {
  return createClient({ baseUrl: shop.run.api, token: shop.run.token });
}

function alternate(): () => Shot {
  let count = 0;
  return () => (count++ % 2 === 0 ? stable : pinned);
}

/** Answers of another `back` than the one that was asked for. */
function strayed({ samples }: Traffic): readonly Sample[] {
  return samples.filter(({ status, body, shot }) => {
    const wanted = shot === pinned ? "mp-1" : "stable";
    return status === 200 && readAnswer(body).back.variant !== wanted;
  });
}

/** The postmaster: a direct child, or the child of a wrapper that watches over it. */
function postgresOf(shop: Cocktail): number {
  const direct = childrenOf(shop.run.pid);
  const all = [...direct, ...direct.flatMap((child) => childrenOf(child.pid))];
  const found = all.find((child) => /(^|\/)postgres( |$)/.test(child.command));
  if (found === undefined) throw new Error(`no postgres among: ${JSON.stringify(all)}`);
  return found.pid;
}
