/** A command of a guide, and the texts its output must hold. */
export interface GuideCommand {
  readonly command: string;
  readonly expected: readonly string[];
}

/** The commands of every `sh` block of a page, in order. A line that begins with `# ` is expected output of the command before it. */
export function guideCommands(markdown: string): readonly GuideCommand[] {
  const blocks = [...markdown.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block);
  return blocks.flatMap(blockCommands);
}

function blockCommands(block: string): readonly GuideCommand[] {
  const commands: { command: string; expected: string[] }[] = [];
  let end: string | undefined;
  for (const line of block.trimEnd().split("\n")) {
    const last = commands.at(-1);
    if (end !== undefined && last !== undefined) {
      last.command += `\n${line}`;
      if (line === end) end = undefined;
    } else if (line.startsWith("# ")) last?.expected.push(line.slice(2));
    else {
      commands.push({ command: line, expected: [] });
      end = /<<'(\w+)'/.exec(line)?.[1];
    }
  }
  return commands;
}
