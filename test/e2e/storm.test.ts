import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createClient, httpTableSource, openTableReader } from "@cocktail/client";
import { resolve, type RouteTable } from "@cocktail/route";
import { type Cocktail, startCocktail } from "./support/cocktail.ts";
import { makeRepository } from "./support/git.ts";
import { processesOf } from "./support/leftovers.ts";
import { readAnswer } from "./support/pair-answer.ts";
import { routeOf, type Sample, type Shot, startTraffic } from "./support/traffic.ts";
import { until } from "./support/until.ts";

const pair = join(import.meta.dirname, "fixtures/pair");
const branches = Array.from({ length: 20 }, (_, index) => `mp-${index + 1}`);
const rate = 200;

describe("20 branches deployed, redeployed and deleted at once under load", () => {
  it(
    "fails no request, routes every request as the table says, and leaves nothing behind",
    { timeout: 400_000 },
    async () => {
      await using shop = await startCocktail(pair);
      makeRepository(
        shop.directory,
        branches.map((key) => `feature/${key}-work`),
      );
      const client = createClient({ baseUrl: shop.run.api, token: shop.run.token });
      const before = {
        listeners: listeners(shop.run.pid),
        processes: processesOf(shop.run.runId).length,
      };
      const epochs: number[] = [];
      const reader = await openTableReader({
        source: httpTableSource(client),
        onTable: (table) => epochs.push(table.epoch),
      });

      const traffic = startTraffic(shop.edge, rate, nextShot());
      await Promise.all(branches.map((key, index) => live(shop, key, index)));
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
      assert.ok(branchHops(traffic.samples) > 100, "the load did reach branches");

      const head = (await client.routeTable()).epoch;
      await reader.waitFor(head, { timeoutMs: 10_000 });
      await reader.close();
      assert.ok(
        epochs.every((epoch, index) => index === 0 || epoch > (epochs[index - 1] ?? 0)),
        epochs.join(" "),
      );

      assert.deepEqual((await client.variants()).map((variant) => variant.name).toSorted(), [
        "back:stable",
        "front:stable",
      ]);
      await until("the processes and listeners of the branches to be gone", () =>
        listeners(shop.run.pid) === before.listeners &&
        processesOf(shop.run.runId).length === before.processes
          ? true
          : undefined,
      );
      assert.deepEqual(
        await readdir(join(shop.directory, ".cocktail/worktrees")).catch(() => []),
        [],
      );
      const { pid, runId } = shop.run;
      await shop.ok("down");
      await until("every process of the run to be gone", () =>
        processesOf(runId).length === 0 ? true : undefined,
      );
      assert.equal(listeners(pid), 0);
    },
  );
});

/** One branch's life: half of them from a worktree, half from a directory. */
async function live(shop: Cocktail, key: string, index: number): Promise<void> {
  const service = index % 4 === 0 ? "front" : "back";
  const source =
    index % 2 === 0 ? ["--branch", `feature/${key}-work`] : ["--key", key, "--path", service];
  await shop.ok("branch", "deploy", service, ...source);
  await shop.ok("branch", "deploy", service, ...source, "--env", "GENERATION=2");
  if (index % 3 === 0)
    await shop.ok(
      "env",
      "apply",
      `squad-${index}`,
      "--parent",
      "rc",
      "--variant",
      `${service}:${key}`,
    );
  if (index % 3 === 0) await shop.ok("env", "delete", `squad-${index}`, "--keep-variants");
  await shop.ok("branch", "delete", `${service}:${key}`);
}

function nextShot(): () => Shot {
  let count = 0;
  return () => {
    const key = branches[count % branches.length] ?? "";
    const kind = count++ % 5;
    if (kind < 2) return { host: "front.localhost", headers: {} };
    if (kind === 2)
      return {
        host: "front.localhost",
        headers: { "x-service-route": `back:${key}::front:${key}` },
      };
    if (kind === 3) return { host: "front.localhost", headers: { "x-source-route": key } };
    return { host: "front.localhost", headers: { baggage: `team=a,service-route=back%3A${key}` } };
  };
}

async function tablesOf(
  samples: readonly Sample[],
  at: (epoch: number) => Promise<RouteTable>,
): Promise<ReadonlyMap<number, RouteTable>> {
  const epochs = new Set(samples.flatMap((sample) => sample.hops.map((hop) => hop.epoch ?? -1)));
  return new Map(
    await Promise.all([...epochs].map(async (epoch) => [epoch, await at(epoch)] as const)),
  );
}

/** Says which hops were not what `resolve` gives in the table they name, or name a table older than one already seen. */
function misrouted(sample: Sample, tables: ReadonlyMap<number, RouteTable>): readonly string[] {
  const wrong: string[] = [];
  const answered = readAnswer(sample.body);
  const bodies: Record<string, string> = { front: answered.variant, back: answered.back.variant };
  if (sample.hops.length !== 2) wrong.push(`${sample.hops.length} hops: ${brief(sample)}`);
  for (const hop of sample.hops) {
    const table = tables.get(hop.epoch ?? -1);
    const expected = table && resolve(table, routeOf(sample.shot), { service: hop.service }).key;
    const isRight =
      expected !== undefined && hop.variant === expected && bodies[hop.service] === expected;
    if (!isRight || (hop.epoch ?? -1) < sample.floor) {
      wrong.push(
        `${hop.service}: expected ${expected}, ${JSON.stringify(hop)}, floor ${sample.floor}, ${brief(sample)}`,
      );
    }
  }
  return wrong;
}

function branchHops(samples: readonly Sample[]): number {
  return samples.flatMap((sample) => sample.hops).filter((hop) => hop.variant !== "stable").length;
}

function brief(sample: Sample): string {
  return `${JSON.stringify(sample.shot)} -> ${sample.status} ${sample.served} ${sample.body.slice(0, 300)}`;
}

/** Listening TCP sockets of a process; 0 where `ss` is missing, so that the comparison still holds. */
function listeners(pid: number): number {
  try {
    const all = execFileSync("ss", ["-Hltnp"], { encoding: "utf8" });
    return all.split("\n").filter((line) => line.includes(`pid=${pid},`)).length;
  } catch {
    return 0;
  }
}
