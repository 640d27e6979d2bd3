import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { pack } from "tar-stream";

/** A file of an image: one of this machine, with its mode, or a text. */
export type ImageFile =
  | { readonly path: string; readonly from: string }
  | { readonly path: string; readonly text: string };

/** A container image of one layer. */
export interface Image {
  /** With a tag: `cocktail.test/app:1`. */
  readonly name: string;
  readonly files: readonly ImageFile[];
  readonly entrypoint: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** `uid` or `uid:gid`; root without it. */
  readonly user?: string;
}

interface Entry {
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
}

/**
 * Writes the image as a docker-archive, which `ctr images import`, `docker load` and skopeo read. The same files give the same bytes: no
 * times, no owners, entries in order. All of it is held in memory.
 *
 * ```ts
 * await writeImage({ name: "example/pause:1", files: [{ path: "/pause", from: program }], entrypoint: ["/pause"] }, "pause.tar");
 * ```
 */
export async function writeImage(image: Image, archive: string): Promise<void> {
  const entries = await Promise.all(image.files.map(readEntry));
  const layer = await buffer(packed(entries.toSorted((a, b) => (a.path < b.path ? -1 : 1))));
  const config = Buffer.from(JSON.stringify(configOf(image, digest(layer))));
  const configFile = `${digest(config)}.json`;
  const manifest = [{ Config: configFile, RepoTags: [image.name], Layers: ["layer.tar"] }];
  const files = [
    { path: "manifest.json", content: Buffer.from(JSON.stringify(manifest)), mode: 0o644 },
    { path: configFile, content: config, mode: 0o644 },
    { path: "layer.tar", content: layer, mode: 0o644 },
  ];
  await pipeline(packed(files), createWriteStream(archive));
}

async function readEntry(file: ImageFile): Promise<Entry> {
  const path = file.path.replace(/^\/+/, "");
  if ("text" in file) return { path, content: Buffer.from(file.text), mode: 0o644 };
  const { mode } = await stat(file.from);
  return { path, content: await readFile(file.from), mode: mode & 0o777 };
}

function configOf(
  { entrypoint, environment = {}, user }: Image,
  layerDigest: string,
): Readonly<Record<string, unknown>> {
  return {
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    config: {
      Entrypoint: entrypoint,
      Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      ...(user === undefined ? {} : { User: user }),
    },
    rootfs: { type: "layers", diff_ids: [`sha256:${layerDigest}`] },
    history: [{ created_by: "cocktail" }],
  };
}

const digest = (data: Buffer): string => createHash("sha256").update(data).digest("hex");

function packed(entries: readonly Entry[]): ReturnType<typeof pack> {
  const stream = pack();
  const fixed = { uid: 0, gid: 0, mtime: new Date(0), type: "file" } as const;
  for (const { path, content, mode } of entries)
    stream.entry({ ...fixed, name: path, mode }, content);
  stream.finalize();
  return stream;
}

/** The files that `ldd` names: `libc.so.6 => /lib/libc.so.6 (0x...)`, and the loader by its path alone. */
export function parseLdd(text: string): readonly string[] {
  return text.split("\n").flatMap((line) => {
    const path = /(?:=>\s*|^\s*)(\/\S+)\s+\(0x/.exec(line)?.[1];
    return path === undefined ? [] : [path];
  });
}
