export interface Link {
  readonly target: string;
  readonly line: number;
}

/** A text with its code taken out, line for line: what stands in code is no link and no heading. */
export function withoutCode(markdown: string): string {
  let fence: string | undefined;
  const lines = markdown.split("\n").map((line) => {
    const mark = /^\s*(```+|~~~+)/.exec(line)?.[1];
    if (fence === undefined && mark !== undefined) fence = mark;
    else if (fence !== undefined && mark?.startsWith(fence) === true) fence = undefined;
    else if (fence === undefined) return line.replaceAll(/`[^`]*`/g, "``");
    return "";
  });
  return lines.join("\n");
}

/** Every `[text](target)` and `[label]: target` outside of code. */
export function linksOf(markdown: string): readonly Link[] {
  return withoutCode(markdown)
    .split("\n")
    .flatMap((text, index) =>
      [...text.matchAll(/\]\(<?([^()\s>]+)>?(?:\s+"[^"]*")?\)|^\s*\[[^\]]+\]:\s+(\S+)/g)].map(
        ([, inline, reference]) => ({ target: inline ?? reference ?? "", line: index + 1 }),
      ),
    );
}

/** The anchors that the headings of a text get, as GitHub makes them: lower case, `-` for a space, `-1` for the second. */
export function anchorsOf(markdown: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  // The code of a heading counts, so only fenced blocks are taken out.
  const fenced = markdown.replaceAll(/^\s*(```+|~~~+)[\s\S]*?^\s*\1/gm, "");
  for (const [, heading = ""] of fenced.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const slug = plain.replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(/\s/g, "-");
    let anchor = slug;
    for (let again = 1; anchors.has(anchor); again += 1) anchor = `${slug}-${again}`;
    anchors.add(anchor);
  }
  return anchors;
}
