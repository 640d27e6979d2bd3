import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type DebianComponent, selectComponents } from "../components.ts";
import { programOf } from "./cache.ts";
import { parsePackages } from "./fetch-debian.ts";
import { install } from "./install.ts";
import { type RunTool, ToolFailed } from "./tool.ts";

const quiet = { starting: () => undefined, done: () => undefined };
const [iptables] = selectComponents(["iptables"]) as readonly [DebianComponent];

describe("a component of Debian packages", () => {
  let root = "";
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "cocktail-debian-"));
  });
  after(() => rm(root, { recursive: true, force: true }));

  test("it is the unpacked program under all its names, with its libraries", async () => {
    const seen: string[][] = [];
    const run: RunTool = async (program, args, { cwd = "" }) => {
      seen.push([program, ...args]);
      if (program === "apt-get") await writeFile(join(cwd, "iptables_1_amd64.deb"), "");
      if (program !== "dpkg-deb") return;
      const unpacked = args.at(-1) ?? "";
      await mkdir(join(unpacked, "usr/sbin"), { recursive: true });
      await mkdir(join(unpacked, "usr/lib/x86_64-linux-gnu/xtables"), { recursive: true });
      await writeFile(join(unpacked, iptables.path), "#!/bin/sh\n");
      await chmod(join(unpacked, iptables.path), 0o755);
      await writeFile(join(unpacked, "usr/lib/x86_64-linux-gnu/xtables/libxt_owner.so"), "owner");
    };
    await install([iptables], run, quiet, root);
    const entry = join(programOf(iptables, root), "..");
    assert.equal(await readFile(join(entry, "iptables-restore"), "utf8"), "#!/bin/sh\n");
    assert.equal(await readlink(programOf(iptables, root)), "program");
    assert.equal(await readFile(join(entry, "lib/xtables/libxt_owner.so"), "utf8"), "owner");
    assert.ok(
      seen[0]?.some((word) => /^iptables=\d/.test(word)),
      seen.join("\n"),
    );
  });

  test("a version that apt doesn't know is an error that says what to do", async () => {
    const run: RunTool = () => Promise.reject(new ToolFailed("apt-get: exit 100"));
    await assert.rejects(install([iptables], run, quiet, join(root, "other")), /apt-get update/);
  });
});

test("packages.txt has one package a line", () => {
  assert.deepEqual(parsePackages("a=1\nb=2\n"), ["a=1", "b=2"]);
});
