// `node scripts/run-alone.ts FILE [options]`: a slow proof by itself, in the environment of the tests. Ctrl-C is its own to handle.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { withoutOwn } from "./test-run/own-environment.ts";

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
const child = spawn(process.execPath, ["--conditions=@cocktail/source", ...process.argv.slice(2)], {
  stdio: "inherit",
  env: withoutOwn(process.env),
});
await once(child, "exit");
process.exitCode = child.exitCode ?? 1;
