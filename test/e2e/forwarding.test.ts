import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { Agent } from "node:http";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type Cocktail, startCocktail } from "./support/cocktail.ts";
import { startOutside } from "./support/outside.ts";
import { get } from "./support/request.ts";

const examples = join(import.meta.dirname, "../../examples/forwarding");

interface Front {
  readonly service: string;
  /** Before the path: `/rest` of `/rest/outside`. */
  readonly below?: string;
  /** OpenTelemetry carries the baggage alone. */
  readonly baggageOnly?: true;
  /** Paths by which others are called: at once, and by a redirect of echo. Both by default. */
  readonly toOthers?: readonly string[];
}

interface Example {
  readonly directory: string;
  /** A command that succeeds where the toolchain is installed. */
  readonly needs: readonly [string, ...string[]];
  readonly fronts: readonly Front[];
}

const python = ["python3", "-c", "import venv, ensurepip"] as const;
const list: readonly Example[] = [
  { directory: "go", needs: ["go", "version"], fronts: [{ service: "go" }] },
  {
    directory: "python",
    needs: python,
    fronts: [{ service: "fastapi" }, { service: "flask" }],
  },
  {
    directory: "java",
    needs: ["mvn", "--version"],
    fronts: [
      { service: "spring", below: "/rest" },
      { service: "spring", below: "/web" },
      { service: "spring", below: "/task" },
      { service: "plain" },
    ],
  },
  {
    directory: "otel/node",
    needs: ["npm", "--version"],
    fronts: [{ service: "otel-node", baggageOnly: true, toOthers: [] }],
  },
  {
    directory: "otel/python",
    needs: python,
    fronts: [{ service: "otel-python", baggageOnly: true, toOthers: ["/outside"] }],
  },
];

describe("examples/forwarding: every service forwards its requests' routes and no others", () => {
  for (const { directory, needs, fronts } of list) {
    const skip = !isInstalled(needs) && `${needs.join(" ")} fails here: its toolchain is missing`;
    it(`in ${directory}`, { skip, timeout: 900_000 }, async () => {
      await using outside = await startOutside();
      const env = { OUTSIDE_URL: outside.url };
      await using shop = await startCocktail(examples, { below: directory, env });
      const echo = join(shop.directory, directory.replaceAll(/[^/]+/g, ".."), "echo");
      for (const key of ["mp-1", "mp-2"])
        await shop.ok("branch", "deploy", "echo", "--key", key, "--path", echo);
      for (const front of fronts) {
        await interleave(shop, front);
        await callOthers(shop, front);
      }
      assert.deepEqual(outside.received.flat(), [], "others received parts of a route");
      const called = fronts.filter(({ toOthers }) => toOthers?.length !== 0);
      assert.ok(outside.received.length >= called.length, "others were not called");
    });
  }
});

const total = 200;
const atOnce = 20;

/** 200 requests, 20 at a time, each with a route of its own, and every sixth with none. */
async function interleave(shop: Cocktail, front: Front): Promise<void> {
  using agent = disposable(new Agent({ keepAlive: true }));
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < total) await checkRequest(shop, front, { n: next++, agent: agent.value });
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

async function checkRequest(
  { edge }: Cocktail,
  { service, below = "", baggageOnly }: Front,
  { n, agent }: { readonly n: number; readonly agent: Agent },
): Promise<void> {
  const key = `mp-${1 + (n % 2)}`;
  // The second pin is of no service: it only tells one request from another.
  const sent =
    n % 6 === 0
      ? {}
      : { "x-service-route": `echo:${key}::request:n-${n}`, "x-source-route": `env-${n}` };
  const ask = { edge, agent, host: `${service}.localhost`, path: `${below}/`, headers: sent };
  const { status, body } = await get(ask);
  assert.equal(status, 200, `${service}${below}: ${body}`);
  const { variant, baggage, ...headers } = JSON.parse(body) as Record<string, string>;
  const message = `${service}${below}, request ${n}`;
  assert.equal(variant, n % 6 === 0 ? "stable" : key, message);
  assert.deepEqual(headers, baggageOnly === true ? {} : sent, message);
  const members =
    n % 6 === 0
      ? undefined
      : `service-route=echo%3A${key}%3A%3Arequest%3An-${n},source-route=env-${n}`;
  assert.equal(baggage, members, message);
}

async function callOthers(
  { edge }: Cocktail,
  { service, below = "", toOthers = ["/outside", "/elsewhere"] }: Front,
): Promise<void> {
  const headers = { "x-service-route": "echo:mp-1", "x-route-mode": "strict" };
  for (const path of toOthers)
    await get({ edge, host: `${service}.localhost`, path: `${below}${path}`, headers });
}

function disposable(value: Agent): Disposable & { readonly value: Agent } {
  return { value, [Symbol.dispose]: () => value.destroy() };
}

function isInstalled([program, ...args]: Example["needs"]): boolean {
  try {
    execFileSync(program, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
