import type { ClientCell, ServerCell, TestedElsewhere } from "../../test/frameworks/cells.ts";
import type { LockedPackages } from "../lockfile/lockfile.ts";
import { testTitles } from "./test-titles.ts";

export const frameworksPage = "docs/reference/context-frameworks.md";

export interface Tested {
  readonly servers: readonly ServerCell[];
  readonly clients: readonly ClientCell[];
  readonly elsewhere: readonly TestedElsewhere[];
  /** What the services of test/frameworks install. */
  readonly project: LockedPackages;
  /** What the clone installs. */
  readonly clone: LockedPackages;
}

/** The page about frameworks and clients, from what the tests run and install. */
export function renderFrameworks({ servers, clients, elsewhere, project, clone }: Tested): string {
  const installed = (names: readonly string[]): string =>
    names.map((name) => nameAndVersion(project, [""], name)).join(", ") || "Node";
  const ownInstalled = (names: readonly string[]): string =>
    names.map((name) => nameAndVersion(clone, ["packages/context/", ""], name)).join(", ");
  return `# Frameworks and clients

What \`@cocktail/context\` was tried with. This page is written from [the table](../../test/frameworks/cells.ts) that \`npm test -- test/frameworks\`
runs, by \`node scripts/docs/check-docs.ts --write\`. Nothing else was tried; Next.js was not.

Each line is a service in a process of its own, with 200 requests, 50 at a time. Each has a route of its own, every sixth has none.
*Kept* means that every call carried the route of its request, and none where it had none. CI runs them on the Node of this
repository and on 22.12.

## Frameworks

Each is run twice: wired as below, and unchanged, with \`node --import @cocktail/context/register\`. Its handler waits a little, then
calls by \`fetch\` and by \`node:http\`.

| framework | tried | wired by | result |
|---|---|---|---|
${servers.map(({ name, packages, wired }) => `| ${name} | ${installed(packages)} | ${wired} | kept |`).join("\n")}

## Clients and waits

In a handler of \`node:http\`, wired by \`withRoute\`.

| tried | in the handler | result |
|---|---|---|
${clients.map((cell) => `| ${installed(cell.packages)} | ${cell.does} | ${resultOf(cell, clients)} |`).join("\n")}

## Tests of their own

What the library's own suite holds.

| tried | with | test |
|---|---|---|
${elsewhere.map(({ packages, what, file, title }) => `| ${ownInstalled(packages)} | ${what} | "${title}" of [${file.split("/").at(-1)}](../../${file}) |`).join("\n")}
`;
}

function resultOf({ mixes }: ClientCell, clients: readonly ClientCell[]): string {
  if (mixes === undefined) return "kept";
  const remedy = clients.find(({ key }) => key === mixes.remedy);
  if (remedy === undefined || remedy.mixes !== undefined)
    throw new Error(`test/frameworks/cells.ts has no cell "${mixes.remedy}" that keeps its routes`);
  return `**mixed**. Instead: ${remedy.does}`;
}

/** `express 4.22.3`, also where it is installed by another name. */
function nameAndVersion(locked: LockedPackages, places: readonly string[], name: string): string {
  const place = places.find((place) => `${place}node_modules/${name}` in locked) ?? "";
  const entry = locked[`${place}node_modules/${name}`];
  if (entry?.version === undefined) throw new Error(`${name} is in no package-lock.json`);
  return `${entry.name ?? name} ${entry.version}`;
}

/** What the table names of other suites has to be there, and to run. */
export function missingTests(
  elsewhere: readonly TestedElsewhere[],
  read: (file: string) => string | undefined,
): readonly string[] {
  return elsewhere
    .filter(({ file, title }) => !testTitles(file, read(file) ?? "").has(title))
    .map(({ file, title }) => `test/frameworks/cells.ts: ${file} has no running test "${title}"`);
}
