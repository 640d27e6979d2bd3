/** A position in a document, from its root. */
export type Path = readonly (string | number)[];

/** The faults of a file, collected so that all are reported together. */
export interface Faults {
  /** `environment.yaml:7: spec.parent: must be ...`. */
  readonly list: readonly string[];
  readonly add: (message: string, at: Path) => void;
}

export interface YamlFile extends Faults {
  readonly root: unknown;
}

/** Parses a text; syntax errors are already in `list`. The library is loaded here because it costs start-up time. */
export async function openYaml(text: string, file: string): Promise<YamlFile> {
  const { isNode, LineCounter, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const list = document.errors.map(
    ({ message, pos }) => `${file}:${lines.linePos(pos[0]).line}: ${message}`,
  );
  /** The line of the node at this path, or of its nearest existing parent. */
  const lineOf = (at: Path): number => {
    for (let path = at; path.length > 0; path = path.slice(0, -1)) {
      const node: unknown = document.getIn(path, true);
      const offset = isNode(node) ? node.range?.[0] : undefined;
      if (offset !== undefined) return lines.linePos(offset).line;
    }
    return 1;
  };
  return {
    list,
    root: list.length > 0 ? undefined : rootOf(document, file, list),
    add: (message, at) => {
      const where = at.length === 0 ? "" : `${at.join(".")}: `;
      list.push(`${file}:${lineOf(at)}: ${where}${message}`);
    },
  };
}

/** The library detects unresolved or too many aliases only here, and without a position. */
function rootOf(
  document: { readonly toJS: (options: { readonly maxAliasCount: number }) => unknown },
  file: string,
  list: string[],
): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    list.push(`${file}:1: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}
