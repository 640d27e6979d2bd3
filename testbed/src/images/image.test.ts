import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { extract, type Header } from "tar-stream";
import { type Image, parseLdd, writeImage } from "./image.ts";

describe("an image", () => {
  let directory = "";
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "cocktail-image-"));
    await writeFile(join(directory, "program"), "#!/bin/sh\n");
    await chmod(join(directory, "program"), 0o755);
  });
  after(() => rm(directory, { recursive: true, force: true }));

  const image = (): Image => ({
    name: "example/it:1",
    files: [
      { path: "/usr/bin/program", from: join(directory, "program") },
      { path: "/etc/text", text: "a text" },
    ],
    entrypoint: ["/usr/bin/program", "--now"],
    environment: { A: "1", B: "x=y" },
    user: "7:7",
  });

  async function write(one: Image): Promise<Buffer> {
    const archive = join(directory, "image.tar");
    await writeImage(one, archive);
    return await readFile(archive);
  }

  test("the archive's manifest names the configuration and the layer, each by its hash", async () => {
    const files = await unpack(await write(image()));
    const [manifest] = JSON.parse(textOf(files, "manifest.json")) as readonly [
      { Config: string; RepoTags: string[]; Layers: string[] },
    ];
    assert.deepEqual(manifest.RepoTags, ["example/it:1"]);
    const text = textOf(files, manifest.Config);
    assert.equal(manifest.Config, `${hash(text)}.json`);
    const config = JSON.parse(text) as { config: unknown; rootfs: { diff_ids: string[] } };
    assert.deepEqual(config.config, {
      Entrypoint: ["/usr/bin/program", "--now"],
      Env: ["A=1", "B=x=y"],
      User: "7:7",
    });
    const layer = files.get(manifest.Layers[0] ?? "")?.content ?? Buffer.alloc(0);
    assert.deepEqual(config.rootfs.diff_ids, [`sha256:${hash(layer)}`]);
    const inside = await unpack(layer);
    assert.deepEqual([...inside.keys()], ["etc/text", "usr/bin/program"]);
    assert.equal(textOf(inside, "etc/text"), "a text");
    assert.equal(inside.get("usr/bin/program")?.headers.mode, 0o755);
    assert.equal(inside.get("usr/bin/program")?.headers.uid, 0);
    assert.equal(inside.get("usr/bin/program")?.headers.mtime?.getTime(), 0);
  });

  test("the same files give the same bytes, in whatever order and however old", async () => {
    const first = await write(image());
    await writeFile(join(directory, "program"), "#!/bin/sh\n");
    const { files, ...rest } = image();
    assert.deepEqual(await write({ ...rest, files: files.toReversed() }), first);
  });

  test("a file that is not there is an error that names it", async () => {
    const files = [{ path: "/a", from: join(directory, "absent") }];
    await assert.rejects(write({ ...image(), files }), /absent/);
  });
});

test("ldd's lines are read: libraries, the loader, not the kernel's own", () => {
  const text = `\tlinux-vdso.so.1 (0x00007ffd)
\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f1c)
\tlibgone.so => not found
\t/lib64/ld-linux-x86-64.so.2 (0x00007f1d)
`;
  assert.deepEqual(parseLdd(text), [
    "/lib/x86_64-linux-gnu/libm.so.6",
    "/lib64/ld-linux-x86-64.so.2",
  ]);
  assert.deepEqual(parseLdd("\tnot a dynamic executable\n"), []);
});

interface Unpacked {
  readonly headers: Header;
  readonly content: Buffer;
}

async function unpack(archive: Buffer): Promise<ReadonlyMap<string, Unpacked>> {
  const stream = extract();
  stream.end(archive);
  const files = new Map<string, Unpacked>();
  for await (const entry of stream) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    files.set(entry.header.name, { headers: entry.header, content: Buffer.concat(chunks) });
  }
  return files;
}

const textOf = (files: ReadonlyMap<string, Unpacked>, name: string): string =>
  files.get(name)?.content.toString("utf8") ?? "";
const hash = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");
