import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { root } from "../run-step.ts";
import {
  bundledManifest,
  bundledSibling,
  isSibling,
  publishedManifest,
  siblingsOf,
  type Manifest,
} from "./manifest.ts";

interface Workspace {
  readonly dir: string;
  readonly manifest: Manifest;
}

async function workspaces(): Promise<ReadonlyMap<string, Workspace>> {
  const files = globSync("{packages,apps}/*/package.json", { cwd: root });
  const entries = files.map(async (file): Promise<[string, Workspace]> => {
    // Written by us and read by npm before us: its shape is not in doubt.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const manifest = JSON.parse(await readFile(join(root, file), "utf8")) as Manifest;
    return [manifest.name, { dir: join(root, dirname(file)), manifest }];
  });
  return new Map(await Promise.all(entries));
}

/** Copies what a package publishes, with this package.json, to a directory. Names what `npm run build` has not made. */
async function stage({ dir, manifest }: Workspace, to: string, published: Manifest): Promise<void> {
  await mkdir(to, { recursive: true });
  const wanted = (manifest.files ?? []).filter((file) => !file.startsWith("!"));
  for (const file of wanted) {
    const copied = cp(join(dir, file), join(to, file), {
      recursive: true,
      filter: (path) => !path.endsWith(".tsbuildinfo"),
    });
    await copied.catch((error: unknown) => {
      const fix = file === "dist" ? "run `npm run build`" : "write it, or take it out of `files`";
      throw new Error(`${manifest.name} publishes ${file}, which is not there: ${fix}`, {
        cause: error,
      });
    });
  }
  await cp(join(root, "LICENSE"), join(to, "LICENSE"));
  await writeFile(join(to, "package.json"), `${JSON.stringify(published, undefined, 2)}\n`);
}

async function stageBundle(
  workspace: Workspace,
  to: string,
  all: ReadonlyMap<string, Workspace>,
): Promise<void> {
  const manifests = new Map([...all].map(([name, { manifest }]) => [name, manifest]));
  const siblings = siblingsOf(workspace.manifest, manifests).flatMap((name) => all.get(name) ?? []);
  const bundled = bundledManifest(
    workspace.manifest,
    siblings.map(({ manifest }) => manifest),
  );
  await stage(workspace, to, bundled);
  for (const sibling of siblings) {
    const { name } = sibling.manifest;
    await stage(sibling, join(to, "node_modules", name), bundledSibling(sibling.manifest));
  }
}

function hasSiblings({ manifest }: Workspace): boolean {
  return Object.keys(manifest.dependencies ?? {}).some(isSibling);
}

/**
 * Packs a built package into `out` and answers the path of the tarball. It stands alone: what it needs of this repository
 * lies in it, so that it can be installed where no `@cocktail` package is published.
 */
export async function pack(name: string, out: string): Promise<string> {
  const all = await workspaces();
  const workspace = all.get(name);
  if (workspace === undefined) {
    throw new Error(`There is no package ${name}. Packages: ${[...all.keys()].join(", ")}`);
  }
  await mkdir(out, { recursive: true });
  const staging = await mkdtemp(join(tmpdir(), "cocktail-pack-"));
  try {
    if (hasSiblings(workspace)) await stageBundle(workspace, staging, all);
    else await stage(workspace, staging, publishedManifest(workspace.manifest));
    const args = ["pack", "--silent", "--ignore-scripts", "--pack-destination", out];
    const { stdout } = await promisify(execFile)("npm", args, { cwd: staging });
    return join(out, stdout.trim());
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}
