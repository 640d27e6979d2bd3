type Versions = Readonly<Record<string, string>>;

/** A package.json as far as packing reads or writes it; the rest is passed on. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly files?: readonly string[];
  readonly exports?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly dependencies?: Versions;
  readonly optionalDependencies?: Versions;
  readonly devDependencies?: Versions;
  readonly bundleDependencies?: readonly string[];
}

export const isSibling = (name: string): boolean => name.startsWith("@cocktail/");

/** A package.json as it is published: without what only the clone has (the source condition, tools). */
export function publishedManifest({ devDependencies: _, ...manifest }: Manifest): Manifest {
  if (manifest.exports === undefined) return manifest;
  const doors = Object.entries(manifest.exports).map(([door, targets]) => {
    const { "@cocktail/source": _source, ...published } = targets;
    return [door, published] as const;
  });
  return { ...manifest, exports: Object.fromEntries(doors) };
}

/**
 * The package.json of a sibling inside a bundle. It asks for nothing: npm takes whatever a bundled package depends on for
 * part of the bundle, and would leave empty directories where those packages belong. The bundle itself asks for them.
 */
export function bundledSibling(manifest: Manifest): Manifest {
  const {
    dependencies: _dependencies,
    optionalDependencies: _optional,
    ...published
  } = publishedManifest(manifest);
  return published;
}

/** The siblings that a package needs, directly or not, each once; `all` is every workspace by name. */
export function siblingsOf(
  { dependencies = {} }: Manifest,
  all: ReadonlyMap<string, Manifest>,
  seen: Set<string> = new Set(),
): readonly string[] {
  for (const name of Object.keys(dependencies).filter(isSibling)) {
    if (seen.has(name)) continue;
    seen.add(name);
    const sibling = all.get(name);
    if (sibling === undefined) throw new Error(`${name} is not a package of this repository`);
    siblingsOf(sibling, all, seen);
  }
  return [...seen];
}

function merge(into: Map<string, string>, versions: Versions, from: string): void {
  for (const [name, version] of Object.entries(versions).filter(([dep]) => !isSibling(dep))) {
    const other = into.get(name);
    if (other !== undefined && other !== version) {
      throw new Error(
        `${from} wants ${name} ${version}, another package wants ${other}: a bundle has one`,
      );
    }
    into.set(name, version);
  }
}

/**
 * The package.json of a tarball that stands alone: the siblings lie in its node_modules, because no registry has them,
 * and what they need of the registry is a dependency of the bundle.
 */
export function bundledManifest(manifest: Manifest, siblings: readonly Manifest[]): Manifest {
  const dependencies = new Map<string, string>();
  const optional = new Map<string, string>();
  for (const { name, ...part } of [manifest, ...siblings]) {
    merge(dependencies, part.dependencies ?? {}, name);
    merge(optional, part.optionalDependencies ?? {}, name);
  }
  const bundled = siblings.map(({ name, version }) => [name, version] as const);
  return {
    ...publishedManifest(manifest),
    dependencies: Object.fromEntries(
      [...bundled, ...dependencies].toSorted(([a], [b]) => a.localeCompare(b, "en")),
    ),
    ...(optional.size > 0 ? { optionalDependencies: Object.fromEntries(optional) } : {}),
    bundleDependencies: bundled.map(([name]) => name).toSorted(),
  };
}
