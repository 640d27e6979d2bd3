import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";

/**
 * `npm run bench`: every benchmark, one after the other, into RESULTS.md. With names (`gateway`, `context`, `context-entry`, `route`, `mesh`)
 * only those, and nothing is written.
 */
const suites: readonly (readonly [name: string, title: string])[] = [
  ["gateway", "The gateway"],
  ["context", "Context in a service"],
  ["context-entry", "Context of one request"],
  ["route", "Parsing and resolving"],
  ["mesh", "The mesh"],
];
const chosen = process.argv.slice(2).filter((name) => !/^\d/.test(name));
const numbers = process.argv.slice(2).filter((name) => /^\d/.test(name));
const folder = import.meta.dirname;

const sections: string[] = [];
for (const [name, title] of suites) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  console.error(`${name} ...`);
  sections.push(`## ${title}\n\n${run(name)}`);
}
const text = `${head()}\n${sections.join("\n\n")}\n`;
console.log(text);
if (chosen.length === 0) writeFileSync(join(folder, "RESULTS.md"), text);

function run(name: string): string {
  const script = join(folder, `${name}.ts`);
  const args = ["--conditions=@cocktail/source", script, ...numbers];
  const done = spawnSync(process.execPath, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (done.status === 0) return done.stdout.trim();
  // A goal that was missed is a result too: it is kept, and said.
  process.exitCode = 1;
  return `${done.stdout.trim()}\n\n**It ended with ${done.status ?? done.signal}: a goal was missed, or it failed.**`;
}

function head(): string {
  const git = (...args: string[]): string =>
    spawnSync("git", args, { cwd: folder, encoding: "utf8" }).stdout.trim();
  const [cpu] = cpus();
  const packages = ["undici", "http-proxy-3", "fastify"].map(
    (name) => `${name} ${versionOf(name)}`,
  );
  const lines = [
    [
      "command",
      `npm run bench${process.argv
        .slice(2)
        .map((word, at) => (at === 0 ? ` -- ${word}` : ` ${word}`))
        .join("")}`,
    ],
    [
      "commit",
      `${git("rev-parse", "--short", "HEAD")}${git("status", "--porcelain", "packages") === "" ? "" : ", with changes"}`,
    ],
    ["date", new Date().toISOString().slice(0, 10)],
    [
      "machine",
      `${cpu?.model ?? "unknown"}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}`,
    ],
    ["versions", [`Node ${process.version}`, ...packages, ...programs()].join(", ")],
  ];
  return `# Results\n\nWritten by \`npm run bench\`; how to read it: [README.md](README.md).\n\n| | |\n|---|---|\n${lines
    .map(([name, value]) => `| ${name} | ${value} |`)
    .join("\n")}\n`;
}

function versionOf(name: string): string {
  const file = join(folder, "../node_modules", name, "package.json");
  const parsed: unknown = JSON.parse(readFileSync(file, "utf8"));
  return typeof parsed === "object" && parsed !== null && "version" in parsed
    ? String(parsed.version)
    : "?";
}

function programs(): string[] {
  const asked: readonly (readonly [string, string])[] = [
    ["nginx", "-v"],
    ["wrk", "-v"],
    ["envoy", "--version"],
  ];
  return asked.flatMap(([program, flag]) => {
    const { stdout, stderr, error } = spawnSync(program, [flag], { encoding: "utf8" });
    const found = /(\d+\.\d+(?:\.\d+)?)/.exec(`${stdout}${stderr}`)?.[1];
    return error !== undefined || found === undefined ? [] : [`${program} ${found}`];
  });
}
