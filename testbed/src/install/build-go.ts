import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { GoComponent } from "../components.ts";
import { pinsOf } from "./cache.ts";
import { capture, type RunTool } from "./tool.ts";

/**
 * Builds a Go program into `target`. Go's own build cache makes an interrupted build go on where it was.
 * Without cgo: the program then runs on any Linux, also in an image without a C library.
 */
export async function buildGo(component: GoComponent, target: string, run: RunTool): Promise<void> {
  const cwd = pinsOf(component);
  const env = { CGO_ENABLED: "0", GOFLAGS: "-buildvcs=false -mod=readonly" };
  const program = join(target, component.name);
  const build = ["build", "-trimpath", "-ldflags=-s -w", "-o", program, component.package];
  await run("go", build, { cwd, env });
  for (const [name, { module, path }] of Object.entries(component.files ?? {})) {
    const list = ["list", "-m", "-f", "{{.Dir}}", module];
    const directory = await capture(run, "go", list, { cwd, env });
    await writeFile(join(target, name), await readYaml(join(directory.trim(), path)));
  }
}

async function readYaml(path: string): Promise<string> {
  if (!(await stat(path)).isDirectory()) return await readFile(path, "utf8");
  const files = (await readdir(path)).filter((file) => file.endsWith(".yaml")).toSorted();
  const texts = await Promise.all(files.map((file) => readFile(join(path, file), "utf8")));
  return texts.join("\n---\n");
}
