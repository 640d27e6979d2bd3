// `npm run release -- 0.2.0`: sets the version everywhere, dates the changelog, builds and packs into dist/. Commits and
// publishes nothing. `--dry-run` only says what it would change.
import { execFileSync } from "node:child_process";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { atVersion, releaseNotes, type Versioned } from "./release/version.ts";
import { root } from "./run-step.ts";

interface Manifest extends Versioned {
  readonly name?: string;
}
interface Lock extends Manifest {
  readonly packages: Readonly<Record<string, Versioned>>;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { "dry-run": { type: "boolean", default: false } },
});
process.chdir(root);
const fault = release(positionals[0] ?? "", values["dry-run"]);
if (fault !== undefined) {
  console.error(`error: ${fault}`);
  process.exitCode = 1;
}

/** What is in the way, if anything. */
function release(version: string, dryRun: boolean): string | undefined {
  if (!/^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/.test(version)) {
    return `"${version}" is no version\nfix: npm run release -- 0.2.0`;
  }
  if (!dryRun && execFileSync("git", ["status", "--porcelain"], { encoding: "utf8" }) !== "") {
    return "there are changes that are not committed\nfix: commit or stash them";
  }
  const today = new Date().toISOString().slice(0, 10);
  const changelog = releaseNotes(readFileSync("CHANGELOG.md", "utf8"), version, today);
  if (changelog === undefined) {
    return "CHANGELOG.md has nothing under Unreleased\nfix: write there what users will see";
  }
  const changes = new Map([["CHANGELOG.md", changelog], ...versionedFiles(version)]);
  for (const [file, text] of changes) {
    console.log(`${dryRun ? "would change" : "changed"} ${file}`);
    if (!dryRun) writeFileSync(file, text);
  }
  if (dryRun) return undefined;
  for (const script of ["build", "pack"]) {
    execFileSync("npm", ["run", "--silent", script], { stdio: "inherit" });
  }
  console.log(`next: git commit -am "Release ${version}" && git tag v${version}`);
  return undefined;
}

function versionedFiles(version: string): readonly (readonly [file: string, text: string])[] {
  const files = [
    "package.json",
    ...globSync("{packages,apps,test,benchmarks,examples/shop}{,/*}/package.json"),
  ];
  const manifests = files.map((file) => [file, readManifest(file)] as const);
  const names = manifests.flatMap(([, { name }]) => name ?? []);
  // The examples keep versions of their own.
  const siblings = new Set(names.filter((name) => /^@cocktail\/|^cocktail$/.test(name)));
  const nameAt = new Map(manifests.map(([file, { name }]) => [dirname(file), name ?? ""]));
  const raised = <T extends Versioned>(manifest: T, name: string): T =>
    atVersion(manifest, version, { siblings, isSibling: siblings.has(name) });
  const lock = readLock();
  const packages: Record<string, Versioned> = {};
  for (const [place, entry] of Object.entries(lock.packages)) {
    const name = nameAt.get(place === "" ? "." : place);
    packages[place] = name === undefined ? entry : raised(entry, name);
  }
  return [
    ...manifests.map(
      ([file, manifest]) => [file, toText(raised(manifest, manifest.name ?? ""))] as const,
    ),
    ["package-lock.json", toText({ ...lock, version, packages })],
  ];
}

function readManifest(file: string): Manifest {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- npm reads these files before us
  return JSON.parse(readFileSync(join(root, file), "utf8")) as Manifest;
}

function readLock(): Lock {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- npm reads it before us
  return JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as Lock;
}

function toText(document: object): string {
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
