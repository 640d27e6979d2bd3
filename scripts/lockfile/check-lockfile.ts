// `npm run check lockfile`: what would break `npm ci` for somebody else. `npm run lockfile` mends what can be mended.
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../run-step.ts";
import { looseVersions, missingPlatforms, withPlatforms, type LockedPackages } from "./lockfile.ts";

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

interface Lockfile {
  readonly packages: LockedPackages;
}

/** npm checks the shape of these files each time that it reads them; a second check would only repeat it. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion, typescript/no-unnecessary-type-parameters
const readJson = <T>(file: string): T => JSON.parse(readFileSync(join(root, file), "utf8")) as T;

const lockfile = readJson<Lockfile>("package-lock.json");
const missing = missingPlatforms(lockfile.packages);

const manifests = globSync("{.,packages/*,apps/*,examples/shop/*,test/*,benchmarks}/package.json", {
  cwd: root,
});
const loose = manifests.flatMap((file) => {
  const { dependencies, devDependencies } = readJson<Manifest>(file);
  return looseVersions({ ...dependencies, ...devDependencies }).map((range) => `${file}: ${range}`);
});
const foreign = Object.entries(lockfile.packages)
  .filter(([, { resolved }]) => resolved?.includes("://") === true)
  .map(([name]) => name);

if (process.argv.includes("--write")) {
  const whole = { ...lockfile, packages: withPlatforms(lockfile.packages, missing) };
  writeFileSync(join(root, "package-lock.json"), `${JSON.stringify(whole, undefined, 2)}\n`);
  console.log(`added ${missing.length} packages of other platforms`);
} else {
  for (const { name } of missing)
    console.error(`package-lock.json lacks ${name}: npm run lockfile`);
}
for (const range of loose) console.error(`not an exact version: ${range}`);
for (const name of foreign) console.error(`package-lock.json names a registry for ${name}`);
const unmended = process.argv.includes("--write") ? 0 : missing.length;
if (unmended + loose.length + foreign.length > 0) process.exitCode = 1;
