/** One entry of `packages` in a package-lock.json, as far as it is read here. */
export interface LockedPackage {
  /** Its own name, where it is installed by another one. */
  readonly name?: string;
  readonly version?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export type LockedPackages = Readonly<Record<string, LockedPackage>>;

const systems: Readonly<Record<string, string>> = {
  android: "android",
  darwin: "darwin",
  freebsd: "freebsd",
  linux: "linux",
  openharmony: "openharmony",
  win32: "win32",
  windows: "win32",
};
const processors = ["arm64", "arm", "ia32", "loong64", "ppc64", "riscv64", "s390x", "x64"];

/** `@oxlint/binding-linux-x64-musl` -> linux, x64, musl; undefined when the name says no system and processor. */
export function platformOf(name: string): Pick<LockedPackage, "os" | "cpu" | "libc"> | undefined {
  const words = name.split(/[/-]/);
  const os = words.map((word) => systems[word]).find((system) => system !== undefined);
  const cpu = words.find((word) => processors.includes(word));
  if (os === undefined || cpu === undefined) return undefined;
  const libc = words.includes("musl") ? "musl" : words.includes("gnu") ? "glibc" : undefined;
  return { cpu: [cpu], ...(libc === undefined ? {} : { libc: [libc] }), os: [os] };
}

/** Where `require` would find a package from the place of another: the nearest node_modules, upward. */
function find(packages: LockedPackages, from: string, name: string): string | undefined {
  let place = from;
  for (;;) {
    const path = `${place === "" ? "" : `${place}/`}node_modules/${name}`;
    if (path in packages) return path;
    if (place === "") return undefined;
    place = place.slice(0, Math.max(place.lastIndexOf("/node_modules/"), 0));
  }
}

export interface MissingPlatform {
  readonly name: string;
  readonly entry: LockedPackage;
}

/** With its members in the order in which npm writes them, so that its next run changes nothing. */
const entryOf = (
  version: string,
  dev: boolean,
  { os, cpu, libc }: NonNullable<ReturnType<typeof platformOf>>,
): LockedPackage => ({
  version,
  ...(cpu && { cpu }),
  ...(dev && { dev }),
  ...(libc && { libc }),
  optional: true,
  ...(os && { os }),
});

/**
 * The packages for other platforms that the lockfile's own packages name and that have no entry. npm leaves out those
 * that its registry didn't offer when the lockfile was written, and `npm ci` then refuses the lockfile.
 */
export function missingPlatforms(packages: LockedPackages): readonly MissingPlatform[] {
  return Object.entries(packages).flatMap(([path, { dev, optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies).flatMap(([name, version]): readonly MissingPlatform[] => {
      const platform = platformOf(name);
      if (platform === undefined || find(packages, path, name) !== undefined) return [];
      return [{ name, entry: entryOf(version, dev === true, platform) }];
    }),
  );
}

/** The same packages with those entries, in npm's order. */
export function withPlatforms(
  packages: LockedPackages,
  missing: readonly MissingPlatform[],
): LockedPackages {
  const added = missing.map(({ name, entry }) => [`node_modules/${name}`, entry] as const);
  const all = [...Object.entries(packages), ...added];
  return Object.fromEntries(all.toSorted(([a], [b]) => a.localeCompare(b, "en")));
}

const exact = /^(npm:@?[^@]+@)?\d+\.\d+\.\d+(-[\w.-]+)?$/;

/** The ranges of a package.json that are not one exact version, as `name: range`. */
export function looseVersions(ranges: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(ranges)
    .filter(([, range]) => !exact.test(range))
    .map(([name, range]) => `${name}: ${range}`);
}
