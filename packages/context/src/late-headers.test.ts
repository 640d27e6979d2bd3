import assert from "node:assert/strict";
import { Agent, type ClientRequest, get, type IncomingMessage, request } from "node:http";
import { after, before, describe, it } from "node:test";
import { text } from "node:stream/consumers";
import { parseRoute } from "@cocktail/route";
import superagent from "superagent";
import { current, install, outside, run, uninstall } from "./index.ts";
import { echo, next, parsed, type Running, type Seen, serve } from "../test/servers.ts";

const { route } = parseRoute({ pins: "payment-service:mp-101" });

describe("a call whose headers are set after it was made", () => {
  let ours: Running;
  let theirs: Running;

  before(async () => {
    ours = await serve(echo);
    theirs = await serve(echo);
    install({ hosts: [ours.host] });
  });
  after(async () => {
    uninstall();
    await ours[Symbol.asyncDispose]();
    await theirs[Symbol.asyncDispose]();
  });

  /** What is said between the making of a call and its head. */
  async function late(url: string, say: (made: ClientRequest) => void): Promise<Seen> {
    const made = run(route, () => request(url, { headers: { early: "1" } }));
    const answer = next<IncomingMessage>(made, "response");
    say(made);
    made.end();
    return parsed<Seen>(await text(await answer));
  }

  function routeOf({ headers }: Seen): unknown[] {
    return [headers["x-service-route"], headers["baggage"]];
  }

  it("carries the caller's route, and baggage says the same", async () => {
    const seen = await late(ours.url, (made) => made.setHeader("X-Service-Route", "cart:mine"));
    assert.deepEqual(routeOf(seen), ["cart:mine", "service-route=cart%3Amine"]);
    assert.equal(seen.headers["early"], "1");
  });

  it("keeps the mirror in a baggage that comes late", async () => {
    const seen = await late(ours.url, (made) =>
      made.setHeader("baggage", "a=1,service-route=x%3Ay"),
    );
    assert.deepEqual(routeOf(seen), [
      "payment-service:mp-101",
      "a=1,service-route=payment-service%3Amp-101",
    ]);
  });

  it("keeps every kind of value, and the case of names", async () => {
    const seen = await late(ours.url, (made) => {
      made.setHeader("X-Number", 7);
      made.setHeader("X-List", ["a", "b"]);
      made.setHeader("Cookie", ["a=1", "b=2"]);
      made.removeHeader("early");
    });
    const { rawHeaders, headers } = seen;
    assert.ok(rawHeaders.includes("X-Number"));
    assert.equal(headers["x-number"], "7");
    assert.equal(headers["x-list"], "a, b");
    assert.equal(headers.cookie, "a=1; b=2");
    assert.equal(headers["early"], undefined);
  });

  it("carries nothing where a late Host, or a late baggage, is somebody else's", async () => {
    const elsewhere = await late(ours.url, (made) => made.setHeader("host", "elsewhere.example"));
    assert.deepEqual(routeOf(elsewhere), [undefined, undefined]);
    const foreign = await late(theirs.url, (made) =>
      made.setHeader("baggage", "a=1,service-route=x%3Ay"),
    );
    assert.deepEqual(routeOf(foreign), [undefined, "a=1"]);
  });

  it("shows the service its own headers alone", async () => {
    await late(ours.url, (made) => {
      assert.deepEqual(Object.keys(made.getHeaders()), ["early", "host"]);
    });
  });

  it("gets to the port that it names: with the Host of another one it carries nothing", async () => {
    const there = (agent?: Agent): Promise<Seen> =>
      run(
        route,
        () =>
          new Promise((resolve, reject) => {
            const options = { headers: { host: ours.host }, ...(agent && { agent }) };
            get(theirs.url, options, (answer) => {
              text(answer).then((body) => resolve(parsed<Seen>(body)), reject);
            }).on("error", reject);
          }),
      );
    using agent = new KeptAlive();
    for (const seen of [await there(), await there(agent), await there(agent)])
      assert.deepEqual(routeOf(seen), [undefined, undefined]);
  });
});

class KeptAlive extends Agent {
  constructor() {
    super({ keepAlive: true, maxSockets: 1 });
  }

  [Symbol.dispose](): void {
    this.destroy();
  }
}

describe("superagent", () => {
  let ours: Running;
  let theirs: Running;

  before(async () => {
    theirs = await serve(echo);
    ours = await serve((incoming, outgoing) => {
      const [, status, where] = incoming.url?.split("/") ?? [];
      if (status === undefined || where === undefined) return echo(incoming, outgoing);
      incoming.resume();
      const location = where === "away" ? `${theirs.url}/landed` : `${ours.url}/`;
      return outgoing.writeHead(Number(status), { location }).end();
    });
    install({ hosts: [ours.host] });
  });
  after(async () => {
    uninstall();
    await ours[Symbol.asyncDispose]();
    await theirs[Symbol.asyncDispose]();
  });

  const seenBy = (answer: superagent.Response): Seen => parsed<Seen>(answer.text);

  for (const status of [302, 307]) {
    for (const [name, make] of [
      ["a request", () => superagent],
      ["an agent", () => superagent.agent()],
    ] as const) {
      it(`gives no route to the foreign host of a ${status}, with ${name}`, async () => {
        const client = make();
        const { headers } = seenBy(
          await run(route, () =>
            client.post(`${ours.url}/${status}/away`).set("own", "1").send("x"),
          ),
        );
        assert.equal(headers["own"], "1", "its own headers it does copy");
        const carried = Object.keys(headers).filter((one) => /route|baggage/.test(one));
        assert.deepEqual(carried, []);
      });

      it(`gives the route to a host of the cocktail after a ${status}, with ${name}`, async () => {
        const client = make();
        const { headers } = seenBy(
          await run(route, () => client.get(`${ours.url}/${status}/back`)),
        );
        assert.equal(headers["x-service-route"], "payment-service:mp-101");
      });
    }
  }

  it("calls in the context that it was run in, though it waits to be awaited", async () => {
    const { route: other } = parseRoute({ pins: "cart:other" });
    const { headers } = await run(other, async () =>
      seenBy(await run(route, () => superagent.get(ours.url))),
    );
    assert.equal(headers["x-service-route"], "payment-service:mp-101");
    const outsideOf = await run(route, async () =>
      seenBy(await outside(() => superagent.get(ours.url))),
    );
    assert.equal(outsideOf.headers["x-service-route"], undefined);
  });
});

describe("what begins when it is awaited", () => {
  /** As a query builder is one. */
  class Query {
    readonly seen: string[] = [];

    // oxlint-disable-next-line unicorn/no-thenable -- that is what it is about
    then(done: (key: string) => void): void {
      this.seen.push(current().key);
      done(current().key);
    }
  }

  it("begins in the context it was made in, and its waiter goes on in its own", async () => {
    const { route: other } = parseRoute({ pins: "cart:other" });
    await run(other, async () => {
      const query = run(route, () => new Query());
      assert.equal(await query, "payment-service:mp-101");
      assert.equal(current().key, "cart:other");
      query.then((key) => {
        assert.equal(key, "payment-service:mp-101");
        assert.equal(current().key, "cart:other");
      });
      assert.deepEqual(query.seen, ["payment-service:mp-101", "payment-service:mp-101"]);
      assert.deepEqual(Object.keys(query), ["seen"], "it looks as it did");
    });
  });

  it("is returned as it is where it can't be changed", async () => {
    const frozen = Object.freeze(new Query());
    assert.equal(
      run(route, () => frozen),
      frozen,
    );
    assert.equal(await frozen, "");
  });
});
