const token = /'([^']*)'|"((?:\$\([^)]*\)|[^"])*)"|(\|+|[^\s'"|]+)/g;

/** The simple commands of a line of shell, as words: enough of quoting, pipes, comments and `$(...)` for examples. */
export function shellCommands(text: string): readonly (readonly string[])[] {
  const inner = [...text.matchAll(/\$\((cocktail [^)]*)\)/g)].flatMap(([, command = ""]) =>
    shellCommands(command),
  );
  const commands: string[][] = [[]];
  for (const [, single, double, bare = ""] of text.matchAll(token)) {
    if (bare.startsWith("#")) break;
    if (bare === ">" || bare.startsWith("|")) commands.push([]);
    else commands.at(-1)?.push(single ?? double ?? bare);
  }
  return [...inner, ...commands.filter(([program = "xargs"]) => program !== "xargs")];
}
