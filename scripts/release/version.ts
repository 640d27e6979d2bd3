type Versions = Readonly<Record<string, string>>;

/** A package.json, or an entry of the lock file for a workspace, as far as a release changes it. */
export interface Versioned {
  readonly version?: string;
  readonly dependencies?: Versions;
  readonly devDependencies?: Versions;
  readonly peerDependencies?: Versions;
}

/** With every sibling that it needs at a version; itself too, where it is a sibling. */
export function atVersion<T extends Versioned>(
  manifest: T,
  version: string,
  { siblings, isSibling }: { readonly siblings: ReadonlySet<string>; readonly isSibling: boolean },
): T {
  const dependencies = (needed: Versions | undefined): Versions | undefined =>
    needed &&
    Object.fromEntries(
      Object.entries(needed).map(([name, wanted]) => [name, siblings.has(name) ? version : wanted]),
    );
  const changed = Object.fromEntries(
    (["dependencies", "devDependencies", "peerDependencies"] as const).flatMap((field) =>
      manifest[field] === undefined ? [] : [[field, dependencies(manifest[field])]],
    ),
  );
  return { ...manifest, ...(isSibling ? { version } : {}), ...changed };
}

/** The changelog with what is unreleased under a heading of its own; undefined where nothing is. */
export function releaseNotes(changelog: string, version: string, date: string): string | undefined {
  const [before = "", after] = changelog.split("## Unreleased\n");
  if (after === undefined) return undefined;
  const notes = after.split(/^## /m)[0] ?? "";
  if (notes.trim() === "") return undefined;
  return `${before}## Unreleased\n\n## ${version} - ${date}\n${after}`;
}
