// `npm run bench`: all benchmarks, one after the other, as markdown. `npm run bench -- route` runs one.
// `npm run bench -- --write` also keeps the result in benchmarks/RESULTS.md, with what it was measured on.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "./run-step.ts";

const titles = new Map([
  ["route", "Parsing and resolving"],
  ["gateway", "The gateway beside other proxies"],
  ["context", "Context propagation in a service"],
]);
const benchmarks = [...titles.keys()];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: "boolean", default: false } },
});
const wanted = positionals.length > 0 ? positionals : benchmarks;
const unknown = wanted.filter((name) => !benchmarks.includes(name));
if (unknown.length > 0) {
  throw new Error(`No benchmark ${unknown.join(", ")}. There are: ${benchmarks.join(", ")}`);
}

/** Runs one in a process of its own, shows what it prints and keeps it. */
async function measure(name: string): Promise<string> {
  const args = ["--conditions=@cocktail/source", `benchmarks/${name}.ts`];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  child.stdout.on("data", (chunk: Buffer) => {
    process.stdout.write(chunk);
    printed += chunk.toString("utf8");
  });
  await once(child, "close");
  const section = `## ${titles.get(name) ?? name}\n\n${printed.trim()}`;
  if (child.exitCode === 0) return section;
  process.exitCode = 1;
  const end =
    child.exitCode === null ? `was ended by ${child.signalCode}` : "missed a goal or failed";
  return `${section}\n\n**This benchmark ${end}.**`;
}

const git = (...args: readonly string[]): string =>
  execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();

function measuredOn(): string {
  const cores = cpus();
  const dirty =
    git("status", "--porcelain", "--", "packages", "apps", "benchmarks") === ""
      ? ""
      : ", with local changes";
  const memory = Math.round(totalmem() / 2 ** 30);
  return [
    "# Results",
    "",
    `\`npm run bench -- --write\`, commit ${git("rev-parse", "--short", "HEAD")}${dirty}, ${new Date().toISOString().slice(0, 10)}.`,
    `Node ${process.versions.node}, ${process.platform}-${process.arch}, ${cores.length} x ${cores[0]?.model.trim() ?? "unknown processor"}, ${memory} GiB.`,
    "",
    "Compare numbers of one run only: another machine, or another hour of a shared one, gives others.",
  ].join("\n");
}

const sections: string[] = [];
for (const name of wanted) sections.push(await measure(name));
if (values.write) {
  writeFileSync(
    join(root, "benchmarks/RESULTS.md"),
    `${[measuredOn(), ...sections].join("\n\n")}\n`,
  );
}
