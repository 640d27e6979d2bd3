const text = /\.(md|ts|js|mjs|json|ya?ml|py|sh|html|css|txt|npmrc)$|^[^.]*$|(^|\/)\.[a-z]+$/;

/**
 * Places where a file names the machine that it was written on: the directory of the clone, a package registry that a
 * lockfile or an .npmrc would force on everybody. One sentence each.
 */
export function machineTraces(
  files: readonly string[],
  read: (file: string) => string,
  root: string,
): readonly string[] {
  return files
    .filter((file) => text.test(file))
    .flatMap((file) => {
      const content = read(file);
      const problems: string[] = [];
      if (content.includes(`${root}/`)) problems.push(`${file} names this clone's directory`);
      const forcesRegistry =
        (file.endsWith("package-lock.json") && content.includes('"resolved": "http')) ||
        (file.endsWith(".npmrc") && /^(.*:)?registry\s*=/m.test(content));
      if (forcesRegistry) problems.push(`${file} forces a registry on everybody`);
      return problems;
    });
}
