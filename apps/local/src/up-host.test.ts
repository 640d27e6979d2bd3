import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { readProcess } from "@cocktail/local-state";
import { openLocal } from "./testing/cocktail-local.ts";
import { files } from "./testing/pair.ts";
import { temporary, write } from "./testing/temporary.ts";
import { machineAddresses } from "./wiring/exposure.ts";

/** An address of this machine at which nothing is that listens on 127.0.0.1. */
const other = machineAddresses("0.0.0.0")[0] ?? "127.0.0.2";
const isSkipped =
  other === "127.0.0.2" && process.platform !== "linux" && "this machine has one address alone";

async function listens(host: string, port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** `200 front:stable`. */
async function get(port: number, name: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    const asked = request({ host: other, port, headers: { host: name }, agent: false });
    asked.once("error", reject).once("response", (response) => {
      response.resume();
      const served = response.headers["x-route-served"];
      response.once("end", () => resolve(`${response.statusCode} ${String(served)}`));
    });
    asked.end();
  });
}

const portOf = (url: string | undefined): number => Number(new URL(url ?? "").port);

describe("up --host", { skip: isSkipped }, () => {
  for (const host of [other, "0.0.0.0"]) {
    test(`only the edge is reached at another address: ${host}`, async () => {
      using home = temporary(files);
      const given = ["--host", host, "--domain", "shop.test"];
      await using local = await openLocal(home.path, {}, given);
      await Promise.all([local.ready("front", "stable"), local.ready("back", "stable")]);
      const edge = portOf(local.run.edge);
      assert.equal(await get(edge, "front.shop.test"), "200 front:stable");
      assert.equal(await get(edge, "shop.test:1"), "200 front:stable");
      assert.match(await get(edge, "back.shop.test"), /^404 /, "no entry");
      for (const foreign of ["evil.example", "shop.test.evil.example", other, "localhost"])
        assert.match(await get(edge, foreign), /^421 /, foreign);
      assert.equal(await listens("127.0.0.1", edge), true, "the loopback stays");

      const { variables } = await local.api.variantEnvironment("front", "stable");
      const { incarnations } = await local.api.variant("front", "stable");
      const closed = {
        API: portOf(local.run.api),
        mesh: portOf(variables["BACK_URL"]),
        service: portOf(incarnations[0]?.destination),
      };
      for (const [what, port] of Object.entries(closed)) {
        assert.equal(await listens("127.0.0.1", port), true, `${what} on the loopback`);
        assert.equal(await listens(other, port), false, `${what} at ${other}`);
      }

      const { exposure, domain, services } = await local.api.status();
      assert.equal(domain, "shop.test");
      assert.equal(services[0]?.url, `http://front.shop.test:${edge}`);
      if (other !== "127.0.0.2" || host === "0.0.0.0")
        assert.deepEqual(exposure, { address: host, urls: [`http://shop.test:${edge}`] });
      const warned = /WARN {2}the edge listens for other machines too/.test(local.stderr());
      assert.equal(warned, exposure !== undefined, local.stderr());
    });
  }

  test("nothing of the run listens elsewhere, its database included", async (t) => {
    if (!existsSync("/proc/net/tcp")) return t.skip("the system has no /proc");
    using home = temporary(files);
    await using local = await openLocal(home.path, {}, ["--host", "0.0.0.0"]);
    await Promise.all([local.ready("front", "stable"), local.ready("back", "stable")]);
    const pids = descendantsOf(local.run.pid);
    const programs = pids.map((pid) => readFileSync(`/proc/${pid}/comm`, "utf8").trim());
    assert.ok(programs.includes("postgres"), programs.join());
    const listening = listenersOf(pids);
    assert.ok(listening.length > 5, "the edge, the API, two services and their neighbours");
    const loopback = ["0100007F", "00000000000000000000000001000000"];
    const open = listening.filter(({ address }) => !loopback.includes(address));
    assert.deepEqual(open, [{ address: "00000000", port: portOf(local.run.edge) }]);
  });

  test("an applied file keeps the domain that was given, and the next start has the file's", async () => {
    using home = temporary(files);
    {
      await using local = await openLocal(home.path, {}, ["--domain", "shop.test"]);
      write(home.path, { "cocktail.yaml": `${files["cocktail.yaml"]}# changed\n` });
      assert.deepEqual((await local.api.applyFile()).changed, []);
      const { domain, exposure, outdated } = await local.api.status();
      assert.deepEqual([domain, exposure, outdated], ["shop.test", undefined, false]);
    }
    await using local = await openLocal(home.path);
    assert.equal((await local.api.status()).domain, "localhost");
  });
});

/** With itself. */
function descendantsOf(ancestor: number): readonly number[] {
  const isBelow = (pid: number): boolean =>
    pid === ancestor || (pid > 1 && isBelow(readProcess(pid)?.parent ?? 0));
  return readdirSync("/proc").map(Number).filter(isBelow);
}

interface Listening {
  /** In hexadecimal, as the kernel prints it. */
  readonly address: string;
  readonly port: number;
}

function listenersOf(pids: readonly number[]): readonly Listening[] {
  const sockets = new Set(pids.flatMap(socketsOf));
  return ["tcp", "tcp6"].flatMap((table) => {
    const [, ...lines] = readFileSync(join("/proc/net", table), "utf8").trim().split("\n");
    return lines.flatMap((line): readonly Listening[] => {
      const [, local = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/);
      const [address = "", port = ""] = local.split(":");
      const isOurs = state === "0A" && sockets.has(`socket:[${inode}]`);
      return isOurs ? [{ address, port: Number.parseInt(port, 16) }] : [];
    });
  });
}

function socketsOf(pid: number): readonly string[] {
  const directory = `/proc/${pid}/fd`;
  return readdirSync(directory).flatMap((fd) => {
    try {
      return [readlinkSync(join(directory, fd))];
    } catch {
      return []; // closed meanwhile
    }
  });
}
