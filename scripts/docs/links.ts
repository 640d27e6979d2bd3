import { dirname, join, normalize } from "node:path/posix";
import { anchorsOf, linksOf } from "./markdown.ts";

/** What the checker needs to know of the clone: the tracked files and folders, and the text of one. */
export interface Clone {
  readonly has: (path: string) => boolean;
  readonly read: (path: string) => string;
}

const elsewhere = /^(https?:|mailto:)/;

function problemOf(page: string, target: string, clone: Clone): string | undefined {
  if (elsewhere.test(target)) return undefined;
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? page : normalize(join(dirname(page), decodeURI(path)));
  if (path.startsWith("/") || file.startsWith("..")) return "leads out of the repository";
  if (!clone.has(file.replace(/\/$/, ""))) return `${file} does not exist`;
  if (anchor === undefined || !file.endsWith(".md")) return undefined;
  return anchorsOf(clone.read(file)).has(anchor) ? undefined : `${file} has no heading #${anchor}`;
}

/** The relative links of a page that lead nowhere, one sentence each. Links to other sites are not followed. */
export function brokenLinks(page: string, clone: Clone): readonly string[] {
  return linksOf(clone.read(page)).flatMap(({ target, line }) => {
    const problem = problemOf(page, target, clone);
    return problem === undefined ? [] : [`${page}:${line}: (${target}) ${problem}`];
  });
}
