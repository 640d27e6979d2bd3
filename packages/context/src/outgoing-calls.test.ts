import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { parseRoute } from "@cocktail/route";
import {
  Agent as UndiciAgent,
  interceptors,
  Pool,
  fetch as undiciFetch,
  request as undiciRequest,
} from "undici";
import { contextFrom, headers, install, outside, run, uninstall } from "./index.ts";
import {
  call,
  callEcho,
  echo,
  fetchEcho,
  getEcho,
  lines,
  parsed,
  type Running,
  type Seen,
  serve,
} from "../test/servers.ts";

const { route } = parseRoute({
  pins: "payment-service:mp-101::cart-service:mp-102",
  environment: "ops-101",
  mode: "strict",
});
const canonical = {
  "x-service-route": "payment-service:mp-101::cart-service:mp-102",
  "x-source-route": "ops-101",
  "x-route-mode": "strict",
};
const baggage =
  "service-route=payment-service%3Amp-101%3A%3Acart-service%3Amp-102,source-route=ops-101,route-mode=strict";

type Client = (url: string, headers?: Record<string, string>) => Promise<Seen>;

const clients: Record<string, Client> = {
  "the global fetch": (url, given = {}) => fetchEcho(url, { headers: given }),
  "node:http": (url, given = {}) => callEcho(url, { headers: given }),
  "node:http with an array of headers": (url, given = {}) =>
    callEcho(url, { headers: ["Host", new URL(url).host, ...Object.entries(given).flat()] }),
  "node:http with Expect": (url, given = {}) =>
    callEcho(url, { method: "POST", headers: { ...given, expect: "100-continue" }, body: "x" }),
  "undici's request": async (url, given = {}) =>
    parsed<Seen>(await (await undiciRequest(url, { headers: given })).body.text()),
  "undici's request with an array of headers": async (url, given = {}) =>
    parsed<Seen>(
      await (await undiciRequest(url, { headers: Object.entries(given).flat() })).body.text(),
    ),
  "undici's fetch": async (url, given = {}) =>
    parsed<Seen>(await (await undiciFetch(url, { headers: given })).text()),
};

describe("outgoing calls", () => {
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

  for (const [name, client] of Object.entries(clients)) {
    describe(`by ${name}`, () => {
      it("carry the route to a host of the cocktail, each header once, mirrored in baggage", async () => {
        const seen = await run(route, () => client(`${ours.url}/a`));
        assertHeaders(seen, { ...canonical, baggage });
        for (const header of Object.keys(canonical)) assert.equal(lines(seen, header), 1);
      });

      it("carry nothing to a third party", async () => {
        assertNoRoute(await run(route, () => client(theirs.url)));
      });

      it("carry nothing outside of a context", async () => {
        assertNoRoute(await client(ours.url));
        assertNoRoute(await run(route, () => outside(() => client(ours.url))));
      });

      it("let what the service set itself win, field by field, in baggage too", async () => {
        const seen = await run(route, () =>
          client(ours.url, { "X-Service-Route": "cart-service:mine" }),
        );
        assert.equal(lines(seen, "x-service-route"), 1);
        assertHeaders(seen, {
          ...canonical,
          "x-service-route": "cart-service:mine",
          baggage: "service-route=cart-service%3Amine,source-route=ops-101,route-mode=strict",
        });
      });

      it("leave the members of others in baggage as they are, and replace stale ones of ours", async () => {
        const mixed = "a=1;p=x, service-route=stale%3Aone ,b=%20,source-route=stale";
        const seen = await run(route, () => client(ours.url, { baggage: mixed }));
        assert.equal(lines(seen, "baggage"), 1);
        assert.equal(seen.headers["baggage"], `a=1;p=x,b=%20,${baggage}`);
      });

      it("take our members, and only ours, out of the baggage of a third party", async () => {
        const mixed = `a=1,${baggage},b=2`;
        assert.equal(
          (await run(route, () => client(theirs.url, { baggage: mixed }))).headers["baggage"],
          "a=1,b=2",
        );
        assert.equal(
          (await run(route, () => client(theirs.url, { baggage }))).headers["baggage"],
          undefined,
        );
      });
    });
  }

  it("ask again after a redirect: to a third party without, and back with the route", async () => {
    const seenOnTheWay: Seen[] = [];
    await using redirecting = await serve((incoming, outgoing) => {
      seenOnTheWay.push({
        url: incoming.url ?? "",
        headers: incoming.headers,
        rawHeaders: incoming.rawHeaders,
      });
      const to = incoming.url === "/out" ? `${theirs.url}/landed` : `${ours.url}/landed`;
      outgoing.writeHead(302, { location: to }).end();
    });
    install({ hosts: [redirecting.host] });
    assertNoRoute(await run(route, () => fetchEcho(`${redirecting.url}/out`)));
    assertHeaders(await run(route, () => fetchEcho(`${redirecting.url}/back`)), canonical);
    const following = new UndiciAgent().compose(interceptors.redirect({ maxRedirections: 2 }));
    const answer = await run(route, () =>
      undiciRequest(`${redirecting.url}/out`, { dispatcher: following }),
    );
    assertNoRoute(parsed<Seen>(await answer.body.text()));
    assert.equal(seenOnTheWay.length, 3);
    for (const seen of seenOnTheWay) assertHeaders(seen, canonical);
  });

  it("follow a redirect from a third party to the cocktail", async () => {
    await using redirecting = await serve((_incoming, outgoing) => {
      outgoing.writeHead(307, { location: `${ours.url}/landed` }).end();
    });
    assertHeaders(await run(route, () => fetchEcho(redirecting.url)), canonical);
  });

  it("with an own Host carry the route only where both it and the address are the cocktail's", async () => {
    install({ hosts: ["shop.example:80"] });
    const port = new URL(ours.url).port;
    assert.ok(port !== "");
    const withHost = (host: string) => run(route, () => callEcho(ours.url, { headers: { host } }));
    assertHeaders(await withHost("shop.example"), canonical);
    assertNoRoute(await withHost("elsewhere.example"));
    // The address isn't the cocktail's, though the Host says so.
    install({ hosts: ["shop.example"] });
    const seen = await run(route, () =>
      callEcho(`http://localhost:${theirs.port}`, { headers: { host: "shop.example" } }),
    );
    assertNoRoute(seen);
  });

  it("by undici with an own Host carry the route only where both it and the address are the cocktail's", async () => {
    const withHost = async (url: string, host: string): Promise<Seen> => {
      const { body } = await run(route, () => undiciRequest(url, { headers: { host } }));
      return parsed<Seen>(await body.text());
    };
    assertHeaders(await withHost(ours.url, ours.host), canonical);
    assertNoRoute(await withHost(ours.url, "elsewhere.example"));
    assertNoRoute(await withHost(theirs.url, ours.host));
  });

  it("that a proxy of the cocktail passes on to somebody else carry nothing", async () => {
    const { port } = ours;
    const pool = new Pool(ours.url);
    const byHttp = (path: string) => run(route, () => getEcho({ host: "127.0.0.1", port, path }));
    const byUndici = async (path: string): Promise<Seen> => {
      const { body } = await run(route, () => pool.request({ path, method: "GET" }));
      return parsed<Seen>(await body.text());
    };
    for (const client of [byHttp, byUndici]) {
      assertNoRoute(await client("http://elsewhere.example/pay"));
      assertNoRoute(await client(`${theirs.url}/pay`));
      assertHeaders(await client(`${ours.url}/pay`), canonical);
    }
    await pool.close();
  });

  it("to a socket of the file system carry nothing", async () => {
    using directory = temporaryDirectory();
    const socketPath = join(directory.path, "socket");
    const server = createServer(echo).listen(socketPath);
    await once(server, "listening");
    install({ hosts: ["localhost"] });
    assertNoRoute(await run(route, () => getEcho({ socketPath, path: "/" })));
    server.closeAllConnections();
    server.close();
  });

  it("to an address of the cocktail carry the route, however the address is written", async () => {
    const { port } = ours;
    for (const host of ["127.0.0.1", "127.1", "0x7f.1"]) {
      assertHeaders(await run(route, () => getEcho({ host, port, path: "/" })), canonical);
    }
  });

  it("keep the baggage of somebody who adds it later", async () => {
    // As OpenTelemetry does where it was started after the library: it knows the route that came in, and more.
    const later = (message: unknown): void => {
      const { request } = message as { request: { addHeader(name: string, value: string): void } };
      request.addHeader("Baggage", "service-route=stale%3Aone,b=2");
      request.addHeader("traceparent", "00-1");
    };
    subscribe("undici:request:create", later);
    try {
      const seen = await run(route, () => fetchEcho(ours.url, { headers: { baggage: "a=1" } }));
      assert.equal(seen.headers["baggage"], `a=1,b=2,${baggage}`);
      assert.equal(lines(seen, "baggage"), 1);
      assert.equal(seen.headers["traceparent"], "00-1");
      const elsewhere = await run(route, () => fetchEcho(theirs.url));
      assert.equal(elsewhere.headers["baggage"], "b=2");
      // What was rejected, or left behind, is not what OpenTelemetry may bring back.
      for (const unsaid of [await outside(() => fetchEcho(ours.url)), await noRoute(ours.url)]) {
        assert.equal(unsaid.headers["baggage"], "b=2");
        assert.equal(unsaid.headers["x-service-route"], undefined);
      }
    } finally {
      unsubscribe("undici:request:create", later);
    }
  });

  it("keep what `headers()` wrote on them already", async () => {
    const seen = await run(route, () => fetchEcho(ours.url, { headers: headers() }));
    assertHeaders(seen, { ...canonical, baggage });
    for (const header of [...Object.keys(canonical), "baggage"])
      assert.equal(lines(seen, header), 1);
  });

  it("forward the canonical form of what was accepted, and nothing of what was rejected", async () => {
    const { route: accepted } = parseRoute({
      pins: "Payment:MP-1,bad pin,payment:other::cart:b",
      environment: "a,b",
    });
    const seen = await run(accepted, () =>
      fetchEcho(ours.url, { headers: { baggage: "source-route=a" } }),
    );
    assert.equal(seen.headers["x-service-route"], "payment:mp-1::cart:b");
    assert.equal(seen.headers["x-source-route"], undefined);
    assert.equal(seen.headers["baggage"], "service-route=payment%3Amp-1%3A%3Acart%3Ab");
  });

  it("are unharmed when the call itself fails", async () => {
    await assert.rejects(
      run(route, () => call("http://127.0.0.1:1")),
      /ECONNREFUSED/,
    );
    await assert.rejects(
      run(route, () => fetch("http://127.0.0.1:1")),
      /fetch failed/,
    );
  });
});

/** A request whose only header was rejected. */
function noRoute(url: string): Promise<Seen> {
  return run(contextFrom({ "x-service-route": "no pin" }), () => fetchEcho(url));
}

function temporaryDirectory(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "cocktail-context-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

function assertHeaders(seen: Seen, wanted: Record<string, string>): void {
  const found = Object.fromEntries(Object.keys(wanted).map((name) => [name, seen.headers[name]]));
  assert.deepEqual(found, wanted);
}

function assertNoRoute(seen: Seen): void {
  const route = Object.keys(seen.headers).filter((name) => /route|baggage/.test(name));
  assert.deepEqual(route, [], `a call to ${seen.headers.host} carried ${route.join(", ")}`);
}
