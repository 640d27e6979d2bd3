import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { problemCodes } from "@cocktail/client";
import { problemExitCodes } from "../error-mapping.ts";
import { exitCodes } from "../exit-code.ts";
import { Failure } from "../failure.ts";
import { problem, startFakeApi } from "../../test/support/fake-api.ts";
import { invoke } from "../../test/support/invoke.ts";
import { condition, deployed, variant } from "../../test/support/objects.ts";

const name = "payment-service:mp-101";
const path = "/v1/variants/payment-service/mp-101";
const argv = ["branch", "deploy", "payment-service", "--branch", "feature/mp-101-faster"];
const starting = variant(name, { conditions: [condition("False", "Starting", 2, "port refuses")] });
const failed = variant(name, {
  state: "GONE",
  conditions: [condition("False", "WorkloadFailed", 2, "exited with code 1")],
});

describe("branch deploy", () => {
  it("waits until the new generation is ready, not an earlier one", async () => {
    const before = variant(name, { conditions: [condition("True", "Serving", 1)] });
    const after = variant(name, {
      conditions: [condition("True", "Serving", 2)],
      url: "http://mp-101.payment-service.localhost:8080",
    });
    await using api = await startFakeApi({
      "POST /v1/variants": () => ({
        status: 201,
        body: deployed(starting, { generation: 2, outcome: "updated" }),
      }),
      [`GET ${path}`]: (_: unknown, count: number) => ({
        body: [before, starting, after][count] ?? after,
      }),
    });
    const { code, stdout, stderr } = await invoke(argv, api);
    assert.equal(code, 0, stderr);
    assert.equal(api.asked.filter(({ path: asked }) => asked === path).length, 3);
    assert.match(stdout, /^variant\/payment-service:mp-101 updated\n/);
    assert.match(
      stdout,
      /url .*http:\/\/mp-101\.payment-service\.localhost:8080 .*no header needed/,
    );
    assert.match(stdout, /header .*x-service-route: payment-service:mp-101\n/);
    assert.deepEqual(stderr.split("\n").slice(0, 4), [
      "✓ key       mp-101, the ticket of feature/mp-101-faster; another one: --key",
      "✓ stored    payment-service:mp-101 generation 2",
      "… ready     payment-service:mp-101 Serving",
      "… ready     payment-service:mp-101 Starting: port refuses",
    ]);
    assert.match(stderr, /✓ ready {5}payment-service:mp-101 answered a probe through the gateway/);
    assert.equal(
      (stderr + stdout).includes("\u001B"),
      false,
      "no colour and no cursor movement without a terminal",
    );
  });

  it("sends the values of the options", async () => {
    const bodies: unknown[] = [];
    await using api = await startFakeApi({
      "POST /v1/variants": ({ body }: { body: unknown }) => {
        bodies.push(body);
        return { body: deployed(variant(name)) };
      },
      "GET /v1/services/payment-service": { name: "payment-service" },
    });
    const send = (...words: string[]) =>
      invoke(["branch", "deploy", "payment-service", ...words, "--no-wait"].flat(), {
        ...api,
        cwd: tmpdir(),
      });
    await send(
      "--branch",
      "feature/mp-101",
      "--environment",
      "ops-101",
      "--ttl",
      "1h30m",
      "--env",
      "A=b=c",
      "--env",
      "D=",
      "--replace",
      "--fallback",
    );
    await send("--key", "mp-101", "--path", ".");
    await send("--key", "mp-101", "--url", "http://127.0.0.1:9229");
    await send("--key", "mp-101");
    const result = await invoke(
      [
        "branch",
        "deploy",
        "audit",
        "--key",
        "mp-101",
        "--no-wait",
        "--",
        "node",
        "app.js",
        "--port=1",
      ],
      { ...api, cwd: tmpdir() },
    );
    assert.equal(result.code, 0, result.stderr);
    const second = ["--key", "mp-101", "--no-wait", "--", "node", "app.js"];
    await invoke(["branch", "deploy", "payment-service", ...second], { ...api, cwd: tmpdir() });
    const base = { service: "payment-service" };
    assert.deepEqual(bodies, [
      {
        ...base,
        branch: "feature/mp-101",
        source: { kind: "branch", branch: "feature/mp-101" },
        env: { A: "b=c", D: "" },
        environment: "ops-101",
        ttlSeconds: 5400,
        onUnavailable: "Fallback",
        replace: true,
      },
      { ...base, key: "mp-101", source: { kind: "directory", path: tmpdir() } },
      { ...base, key: "mp-101", source: { kind: "url", url: "http://127.0.0.1:9229" } },
      { ...base, key: "mp-101", source: { kind: "service" } },
      {
        service: "audit",
        key: "mp-101",
        source: { kind: "directory", path: tmpdir() },
        command: ["node", "app.js", "--port=1"],
      },
      // It exists as a branch only, so it still has no directory of its own.
      {
        ...base,
        key: "mp-101",
        source: { kind: "directory", path: tmpdir() },
        command: ["node", "app.js"],
      },
    ]);
  });

  it("watches a directory only, and waits for each deploy", async () => {
    const refused = async (...words: string[]): Promise<string> => {
      const all = ["branch", "deploy", "payment-service", "--key", "mp-101", "--watch", ...words];
      const { code, stderr } = await invoke(all, { cwd: tmpdir() });
      assert.equal(code, 2, stderr);
      return stderr;
    };
    assert.match(await refused(), /a directory, and none is given.*\nfix: {3}pass the directory/);
    assert.match(await refused("--branch", "b"), /a git branch has none that you edit/);
    assert.match(await refused("--url", "http://127.0.0.1:1"), /none is given/);
    assert.match(await refused("--path", ".", "--no-wait"), /excludes --dry-run and --no-wait/);
    assert.match(await refused("--path", ".", "--dry-run"), /excludes --dry-run and --no-wait/);
    assert.match(await refused("--path", ".", "-o", "yaml"), /does not support -o yaml/);
    assert.match(await refused("--path", "no/such"), /no\/such does not exist/);
    const all = await invoke(["branch", "deploy", "--branch", "b", "--all", "--watch"], {});
    assert.equal(all.code, 2, all.stderr);
  });

  it("fails immediately when its process has failed, shows the end of its log, and prints the object", async () => {
    const lines = ["starting", "cannot open database"].map((text) =>
      JSON.stringify({ time: "", variant: name, incarnation: 2, stream: "stderr", text }),
    );
    await using api = await startFakeApi({
      "POST /v1/variants": { ...deployed(starting, { generation: 2 }) },
      [`GET ${path}`]: failed,
      [`GET ${path}/logs`]: () => ({ type: "application/x-ndjson", body: `${lines.join("\n")}\n` }),
    });
    const { code, stdout, stderr } = await invoke(argv, api);
    assert.equal(code, 1);
    assert.match(stdout, /^variant\/payment-service:mp-101 created\n/);
    assert.match(stdout, /\n {2}next {6}cocktail branch logs payment-service:mp-101\n$/);
    assert.match(stderr, /payment-service:mp-101 \| cannot open database/);
    assert.match(
      stderr,
      /error: payment-service:mp-101 failed: WorkloadFailed: exited with code 1 {2}\[VARIANT_FAILED\]\nfix: {3}see its log: cocktail branch logs/,
    );
  });

  it("exits 5 after --wait-timeout, with the object on stdout", async () => {
    await using api = await startFakeApi({
      "POST /v1/variants": deployed(starting, { generation: 2 }),
      [`GET ${path}`]: starting,
    });
    const { code, stdout, stderr } = await invoke(
      [...argv, "--wait-timeout", "1s", "-o", "json"],
      api,
    );
    assert.equal(code, 5);
    assert.partialDeepStrictEqual(JSON.parse(stdout), { waited: "TimedOut" });
    assert.partialDeepStrictEqual(JSON.parse(stderr), { code: "TIMEOUT" });
  });

  it("exits 130 at Ctrl-C and reports that the operation continues", async () => {
    await using api = await startFakeApi({
      "POST /v1/variants": deployed(starting, { generation: 2 }),
      [`GET ${path}`]: starting,
    });
    const stop = new AbortController();
    const failure = new Failure({
      code: "INTERRUPTED",
      message: "interrupted while waiting; the operation continues",
      fix: "cocktail status",
      exitCode: exitCodes.interrupted,
    });
    const onStderr = (all: string): void => {
      if (all.includes("Starting")) stop.abort(failure);
    };
    const { code, stderr } = await invoke(argv, { ...api, signal: stop.signal, onStderr });
    assert.equal(code, 130);
    assert.match(stderr, /! ready {5}payment-service:mp-101: stopped waiting/);
    assert.match(stderr, /the operation continues {2}\[INTERRUPTED\]/);
    assert.equal(
      api.asked.some(({ method }) => method === "DELETE"),
      false,
    );
  });

  it("keeps waiting during a short outage of the control plane", async () => {
    const ready = variant(name, { conditions: [condition("True", "Serving", 2)] });
    await using api = await startFakeApi({
      "POST /v1/variants": deployed(starting, { generation: 2 }),
      [`GET ${path}`]: (_: unknown, count: number) =>
        count < 2 ? problem("STORE_UNAVAILABLE", 503) : { body: ready },
    });
    const { code, stderr } = await invoke(argv, api);
    assert.equal(code, 0);
    assert.match(stderr, /… ready {5}detail of STORE_UNAVAILABLE/);
  });

  it("prints the plan under --dry-run and changes nothing", async () => {
    await using api = await startFakeApi({ "POST /v1/variants": deployed(starting) });
    const { code, stdout } = await invoke([...argv, "--dry-run"], api);
    assert.equal(code, 0);
    assert.match(
      stdout,
      /1 action, nothing was changed\nACTION +TARGET +DETAIL\nCreateIncarnation +payment-service:mp-101#1\n$/,
    );
    assert.deepEqual(
      api.asked.map(({ body }) => body["dryRun"]),
      [true],
    );
  });

  it("writes --dotenv and --github-output before the deploy, so that a failed one can be cleaned up", async (t) => {
    const directory = await mkdtemp(join(tmpdir(), "cocktail-cli-"));
    t.after(() => rm(directory, { recursive: true }));
    const files = ["--dotenv", "out.env", "--github-output", "github"];
    let seen = "";
    await using api = await startFakeApi({
      "POST /v1/variants": async ({ body }: { body: Record<string, unknown> }) => {
        if (body["dryRun"] === true)
          return { body: deployed(variant(name, { url: "http://mp-101.localhost:8080" })) };
        seen = await readFile(join(directory, "out.env"), "utf8");
        return problem("INTERNAL", 500);
      },
    });
    const { code } = await invoke([...argv, ...files], { ...api, cwd: directory });
    assert.equal(code, 1);
    assert.equal(
      seen,
      "COCKTAIL_NAME=payment-service:mp-101\nCOCKTAIL_URL=http://mp-101.localhost:8080\nCOCKTAIL_HEADER_NAME=x-service-route\nCOCKTAIL_HEADER_VALUE=payment-service:mp-101\n",
    );
    assert.match(
      await readFile(join(directory, "github"), "utf8"),
      /^name=payment-service:mp-101\nurl=.*\nheader=x-service-route: payment-service:mp-101\n/,
    );
    const missing = await invoke([...argv, "--dotenv", "no/such/dir"], {
      ...api,
      cwd: directory,
    });
    assert.equal(missing.code, 2);
    assert.equal(
      api.asked.filter(({ body }) => body["dryRun"] !== true).length,
      1,
      "nothing was changed",
    );
  });

  it("maps every problem of the API to its exit code, with code, fix and all faults", async () => {
    const wanted = {
      INVALID: 2,
      UNAUTHORIZED: 1,
      FORBIDDEN_HOST: 1,
      FORBIDDEN_ORIGIN: 1,
      NOT_FOUND: 3,
      CONFLICT: 4,
      REFUSED: 6,
      UNCOMMITTED_WORK: 6,
      NO_REPOSITORY: 2,
      TOO_LARGE: 2,
      STORE_UNAVAILABLE: 1,
      NOT_READY: 1,
      INTERNAL: 1,
    };
    assert.deepEqual(problemExitCodes, wanted);
    for (const code of problemCodes) {
      const errors = [{ path: "service", message: "is not a name" }];
      await using api = await startFakeApi({
        "POST /v1/variants": () => problem(code, 400, { errors, retryable: code === "NOT_READY" }),
      });
      const invoked = await invoke([...argv, "-o", "json"], api);
      assert.equal(invoked.code, wanted[code], code);
      assert.deepEqual(JSON.parse(invoked.stderr), {
        code,
        message: `detail of ${code}\nservice: is not a name`,
        fix: `fix of ${code}`,
        retryable: code === "NOT_READY",
      });
    }
  });
});

describe("an error for people", () => {
  it("has one line for each fault", async () => {
    const errors = [
      { path: "service", message: "is not a name" },
      { path: "ttlSeconds", message: "is not a number" },
    ];
    await using api = await startFakeApi({
      "POST /v1/variants": () => problem("INVALID", 400, { errors }),
    });
    const { stderr } = await invoke(argv, api);
    assert.equal(
      stderr,
      "error: detail of INVALID  [INVALID]\n  service: is not a name\n  ttlSeconds: is not a number\nfix:   fix of INVALID\n",
    );
  });
});

describe("rc promote", () => {
  it("waits until stable serves, and then until the candidate's process is gone", async () => {
    const stable = variant("cart:stable", { conditions: [condition("True", "Serving", 2)] });
    const rc = variant("cart:rc", { state: "DRAINING" });
    await using api = await startFakeApi({
      "POST /v1/services/cart/promote": deployed(stable, { outcome: "updated", generation: 2 }),
      "GET /v1/variants/cart/stable": stable,
      "GET /v1/variants/cart/rc": (_: unknown, count: number) =>
        count === 0 ? { body: rc } : problem("NOT_FOUND", 404),
    });
    const { code, stdout, stderr } = await invoke(["rc", "promote", "cart"], api);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^variant\/cart:stable updated\n/);
    assert.match(stderr, /✓ gone {6}cart:rc is gone/);
  });
});

describe("an error of the API's schema", () => {
  it("is reported once, with the command line's names", async () => {
    const errors = [{ path: "body.ttlSeconds", message: "is too much" }];
    const detail = "POST /v1/variants: body.ttlSeconds is too much";
    await using api = await startFakeApi({
      "POST /v1/variants": () => problem("INVALID", 400, { errors, detail }),
    });
    const { stderr } = await invoke(argv, api);
    assert.equal(stderr, "error: ttlSeconds: is too much  [INVALID]\nfix:   fix of INVALID\n");
  });
});

describe("branch delete", () => {
  it("waits until the variant is gone; an absent one is not an error", async () => {
    await using api = await startFakeApi({
      [`DELETE ${path}`]: (_: unknown, count: number) => ({
        body: { outcome: count === 0 ? "deleted" : "already absent", plan: [], warnings: [] },
      }),
      [`GET ${path}`]: (_: unknown, count: number) =>
        count < 1 ? { body: variant(name, { state: "DRAINING" }) } : problem("NOT_FOUND", 404),
    });
    const first = await invoke(["branch", "delete", name], api);
    assert.deepEqual([first.code, first.stdout], [0, "variant/payment-service:mp-101 deleted\n"]);
    assert.match(first.stderr, /… gone {6}payment-service:mp-101 draining\n✓ gone/);
    const second = await invoke(["branch", "delete", `variant/${name}`, "-o", "name"], api);
    assert.deepEqual([second.code, second.stdout], [0, "variant/payment-service:mp-101\n"]);
  });

  it("refuses to lose uncommitted work with exit code 6, and passes --discard on", async () => {
    await using api = await startFakeApi({
      [`DELETE ${path}`]: ({ query }: { query: URLSearchParams }) =>
        query.get("discard") === "true"
          ? { body: { outcome: "deleted", plan: [], warnings: [] } }
          : problem("UNCOMMITTED_WORK", 422),
    });
    assert.equal((await invoke(["branch", "delete", name], api)).code, 6);
    assert.equal((await invoke(["branch", "delete", name, "--discard", "--no-wait"], api)).code, 0);
  });
});
