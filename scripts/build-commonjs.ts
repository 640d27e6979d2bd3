// The second half of `npm run build`: route and context once more as CommonJS, for services and tools that can't load ES modules.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { root } from "./run-step.ts";

const packages = ["route", "context"];

const configs = packages.map((name) => join("packages", name, "tsconfig.cjs.json"));
const { status } = spawnSync("tsc", ["-b", ...configs], { cwd: root, stdio: "inherit" });
if (status !== 0) process.exitCode = 1;
else {
  // The package is of ES modules; what lies here isn't, and neither are its types.
  for (const name of packages)
    writeFileSync(join(root, "packages", name, "dist/cjs/package.json"), '{"type":"commonjs"}\n');
}
