/** What a workspace's package.json and tsconfig.build.json say. Paths are from the root of the clone. */
export interface BuiltWorkspace {
  readonly dir: string;
  readonly dependencies: readonly string[];
  readonly references: readonly string[] | undefined;
}

/**
 * Where the order of the build differs from the dependencies: a workspace without a build, one that the root doesn't
 * build, a sibling that is a dependency and no reference. One sentence each.
 */
export function buildProblems(
  workspaces: ReadonlyMap<string, BuiltWorkspace>,
  rootReferences: readonly string[],
): readonly string[] {
  return [...workspaces.values()].flatMap(({ dir, dependencies, references }) => {
    if (references === undefined) return [`${dir} has no tsconfig.build.json`];
    const siblings = dependencies.flatMap((name) => workspaces.get(name)?.dir ?? []);
    const missing = siblings.filter((sibling) => !references.includes(sibling));
    return [
      ...(rootReferences.includes(dir) ? [] : [`tsconfig.build.json does not build ${dir}`]),
      ...missing.map((sibling) => `${dir}/tsconfig.build.json does not reference ${sibling}`),
    ];
  });
}
