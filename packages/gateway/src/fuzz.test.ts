import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type FieldValue,
  isKey,
  missedAnywhere,
  parseRoute,
  readRoute,
  resolve,
  type RouteTable,
} from "@cocktail/route";
import { Random } from "../test/random.ts";
import { ask, openWorld, RawClient, rawExchange, serveRaw, tableOf } from "../test/world.ts";

const seed = Number(process.env["COCKTAIL_TEST_SEED"] ?? 20_261_123);
const labels = [
  "storefront:stable",
  "storefront:mp-101",
  "storefront:mp-1012",
  "storefront:rc",
  "cart:stable",
  "cart:mp-101",
];
const environments = {
  "mp-101": { parent: "rc", members: { storefront: "mp-101", cart: "mp-101" } },
  "ops-9": { parent: "mp-101", members: { storefront: "gone" } },
  rc: { parent: "stable", members: { storefront: "rc" } },
};

/** Everything a byte of a header value may be. */
const anyByte = [
  "\t",
  ...Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)),
  "\x80",
  "\xa0",
  "\xff",
];
const pieces = [
  ...labels,
  "mp-101",
  "mp-1012",
  "ops-9",
  "rc",
  "stable",
  "storefront",
  "STOREFRONT:MP-101",
  "constructor:x",
  "__proto__:x",
  "mp-101-hotfix",
  "storefront:mp-101storefront:rc",
  "::",
  ":::",
  ":",
  ",",
  ", ",
  " ,\t",
  " ",
  "\t",
  ";",
  "=",
  "%3A",
  "%",
  "strict",
  "fallback",
  "\x80",
  "\xff",
  "service-route=storefront%3Amp-101",
  "source-route=mp-101",
  "route-mode=strict",
  "a=b",
];
const names = [
  "x-service-route",
  "X-Service-Route",
  "X-SERVICE-ROUTE",
  "x-source-route",
  "X-Source-Route",
  "x-route-mode",
  "X-Route-Mode",
  "x_service_route",
  "x-service_route",
  "baggage",
  "Baggage",
  "x-route-served",
  "x-route-epoch",
  "x-forwarded-for",
  "x-other",
  "te",
  "connection",
];
const hosts: readonly (readonly [string, string, string | undefined])[] = [
  ["storefront.localhost", "storefront", undefined],
  ["cart.localhost", "cart", undefined],
  ["mp-101.localhost", "storefront", "mp-101"],
  ["ops-9.cart.localhost", "cart", "ops-9"],
  ["127.0.0.1", "storefront", undefined],
];
const cookies = ["mp-101", "rc", "unknown", "", "bad value", "stable"];

interface Probe {
  readonly bytes: string;
  /** What `resolve` says of the route: who answers, or "strict" for a refusal. */
  readonly expected: string;
}

function probe(random: Random, table: RouteTable): Probe {
  const [host, service, hostEnvironment] = random.of(hosts);
  let bytes = `GET / HTTP/1.1\r\nHost: ${host}\r\n`;
  const lines = new Map<string, string[]>();
  for (let left = random.below(6); left > 0; left--) {
    const name = random.of(names);
    let value = random.chance(85)
      ? random.text(pieces, random.chance(2) ? 700 : 6)
      : random.text(anyByte, 30);
    if (name === "connection")
      value = random.of(["keep-alive", "x-service-route", "x-source-route, baggage, host"]);
    value = value.slice(0, 4500);
    bytes += `${name}: ${value}\r\n`;
    const lower = name.toLowerCase();
    lines.set(lower, [...(lines.get(lower) ?? []), value.replace(/^[ \t]+|[ \t]+$/g, "")]);
    if (bytes.length > 9000) break;
  }
  const cookie = random.chance(20) ? random.of(cookies) : undefined;
  if (cookie !== undefined) bytes += `Cookie: a=b; cocktail-route=${cookie}\r\n`;
  const environment = hostEnvironment ?? cookie;
  return { bytes: `${bytes}\r\n`, expected: expect(table, { service, environment }, lines) };
}

/** The specification once more, in the plainest way: header, else baggage, else host, else cookie. */
function expect(
  table: RouteTable,
  { service, environment }: { service: string; environment: string | undefined },
  lines: ReadonlyMap<string, readonly string[]>,
): string {
  const lookup = (name: string): FieldValue => lines.get(name);
  let { route, rejected } = readRoute(lookup, undefined);
  const said =
    lines.has("x-source-route") ||
    route.environment !== undefined ||
    rejected.some(({ field }) => field === "environment");
  if (!said && environment !== undefined) {
    rejected = [...rejected, ...parseRoute({ environment }).rejected];
    if (isKey(environment)) route = { ...route, environment };
  }
  if (route.mode === "strict" && (rejected.length > 0 || missedAnywhere(table, route).length > 0))
    return "strict";
  return `${service}:${resolve(table, route, { service }).key}`;
}

/** Reads answers off a connection in order: who served, or the code of the problem. */
class Answers {
  readonly #client: RawClient;
  #read = 0;

  constructor(client: RawClient) {
    this.#client = client;
  }

  async next(count: number): Promise<string[]> {
    const answers: string[] = [];
    while (answers.length < count) {
      const answer = this.#one();
      if (answer !== undefined) answers.push(answer);
      else if (this.#client.closed || this.#client.ended)
        throw new Error("the gateway closed the connection");
      else await this.#client.more();
    }
    this.#client.received = this.#client.received.slice(this.#read);
    this.#read = 0;
    return answers;
  }

  #one(): string | undefined {
    const { received } = this.#client;
    const end = received.indexOf("\r\n\r\n", this.#read);
    if (end < 0) return undefined;
    const head = received.slice(this.#read, end);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (received.length < end + 4 + length) return undefined;
    this.#read = end + 4 + length;
    const status = head.slice(9, 12);
    if (status === "424") return "strict";
    return status === "200" ? (/x-route-served: (\S+)/.exec(head)?.[1] ?? "nobody") : status;
  }
}

describe(`random headers (COCKTAIL_TEST_SEED=${seed})`, () => {
  it(
    "reach exactly the variant that the parsed route means, 100,000 times",
    { timeout: 110_000 },
    async (t) => {
      const reached = new Map<string, number>();
      const variants: Record<string, string> = {};
      for (const label of labels) {
        variants[label] = await serveRaw(t, (socket) => {
          socket.on("data", (chunk) => {
            reached.set(label, (reached.get(label) ?? 0) + 1);
            if (chunk.lastIndexOf("\r\n\r\n") === chunk.length - 4)
              socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
          });
        });
      }
      const table = tableOf({ variants, environments });
      const { edge } = await openWorld(t, table);
      const counts = new Map<string, number>();
      const batch = 50;
      const clients = 8;
      const work = async (which: number): Promise<void> => {
        const random = new Random(seed + which);
        const client = new RawClient(edge.port);
        t.after(() => client.close());
        const answers = new Answers(client);
        for (let done = 0; done < 100_000 / clients; done += batch) {
          const probes = Array.from({ length: batch }, () => probe(random, table));
          client.send(probes.map(({ bytes }) => bytes).join(""));
          const got = await answers.next(batch);
          got.forEach((answer, at) => {
            const { bytes, expected } = probes[at] ?? { bytes: "", expected: "" };
            assert.equal(answer, expected, JSON.stringify(bytes));
            counts.set(answer, (counts.get(answer) ?? 0) + 1);
          });
        }
      };
      await Promise.all(Array.from({ length: clients }, (_, which) => work(which)));
      // The generator must reach everything, or it proves nothing.
      for (const label of [...labels, "strict"])
        assert.ok((counts.get(label) ?? 0) > 200, `${label}: ${counts.get(label)}`);
      for (const label of labels)
        assert.ok((reached.get(label) ?? 0) >= (counts.get(label) ?? 0), label);
    },
  );

  it("that are not HTTP are refused, and the gateway goes on", { timeout: 60_000 }, async (t) => {
    let requests = 0;
    const url = await serveRaw(t, (socket) => {
      socket.on("data", () => {
        requests++;
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      });
    });
    const { edge } = await openWorld(t, tableOf({ variants: { "storefront:stable": url } }), {
      limits: { headMs: 400, keepAliveMs: 100, bodyIdleMs: 400 },
    });
    const random = new Random(seed);
    const bytes = Array.from({ length: 256 }, (_, at) => String.fromCharCode(at));
    const junk = [
      "\r\n",
      "\n",
      "\r",
      "\0",
      " ",
      ":",
      "Host: storefront.localhost\r\n",
      "Content-Length: 5\r\n",
      "Transfer-Encoding: chunked\r\n",
      "GET / HTTP/1.1\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ];
    for (let round = 0; round < 10; round++) {
      const texts = Array.from({ length: 100 }, () => {
        const start = random.chance(70) ? "GET / HTTP/1.1\r\nHost: storefront.localhost\r\n" : "";
        return `${start}${random.text(random.chance(50) ? junk : bytes, 40)}\r\n\r\n`;
      });
      const answers = await Promise.all(texts.map((text) => rawExchange(t, edge.port, text)));
      answers.forEach((answer, at) => {
        const first = answer === "" ? "" : answer.slice(9, 12);
        const http2 = answer.startsWith("\0");
        assert.ok(
          http2 || ["", "200", "400", "404", "408", "431", "501"].includes(first),
          JSON.stringify([texts[at], answer]),
        );
      });
    }
    const before = requests;
    assert.equal((await ask(edge.port)).status, 200);
    assert.equal(requests, before + 1);
  });
});
