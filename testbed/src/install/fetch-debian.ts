import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { DebianComponent } from "../components.ts";
import { pinsOf } from "./cache.ts";
import { type RunTool, ToolFailed } from "./tool.ts";

/** The names of packages.txt, one `name=version` a line. */
export function parsePackages(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}

/**
 * Fetches packages with apt, which verifies them, and unpacks them: nothing is installed, so an ordinary user may do this. The libraries
 * lie in `lib` beside the program, which needs LD_LIBRARY_PATH to find them.
 */
export async function fetchDebian(
  component: DebianComponent,
  target: string,
  run: RunTool,
): Promise<void> {
  const packages = parsePackages(await readFile(join(pinsOf(component), "packages.txt"), "utf8"));
  const downloads = await mkdtemp(join(target, "packages-"));
  const root = join(downloads, "root");
  try {
    await download(packages, downloads, run);
    const archives = (await readdir(downloads)).filter((file) => file.endsWith(".deb"));
    for (const archive of archives)
      await run("dpkg-deb", ["-x", join(downloads, archive), root], {});
    await takeProgram(component, root, target);
  } finally {
    await rm(downloads, { recursive: true, force: true });
  }
}

async function download(packages: readonly string[], cwd: string, run: RunTool): Promise<void> {
  try {
    await run("apt-get", ["download", "--quiet", ...packages], { cwd });
  } catch (error) {
    if (!(error instanceof ToolFailed)) throw error;
    const fix =
      "apt must know these versions: run apt-get update as root; on another release than Debian 12, or when Debian has replaced one, change packages.txt in testbed/components";
    throw new ToolFailed(`${error.message}\n${fix}`, { cause: error });
  }
}

/** Leaves the program under all its names and the shared libraries; manuals and other programs are dropped. */
async function takeProgram(
  { path, name, aliases }: DebianComponent,
  root: string,
  target: string,
): Promise<void> {
  const program = join(target, "program");
  await cp(join(root, path), program);
  for (const alias of new Set([name, ...aliases])) await symlink("program", join(target, alias));
  await mkdir(join(target, "lib"));
  const libraries = join(root, "usr/lib");
  for (const architecture of existsSync(libraries) ? await readdir(libraries) : [])
    await cp(join(libraries, architecture), join(target, "lib"), {
      recursive: true,
      verbatimSymlinks: true,
    });
}
