import { type Document, isMap, isScalar, type LineCounter, type Node, type YAMLMap } from "yaml";

/** The line and column of a path in the document. */
export type Locate = (path: readonly PropertyKey[]) => {
  readonly line: number;
  readonly column: number;
};

export function locator(document: Document.Parsed, lines: LineCounter): Locate {
  const keys = new KeyOffsets();
  return (path) => {
    for (let depth = path.length; depth >= 0; depth--) {
      const offset = offsetOf(document, keys, path.slice(0, depth));
      if (offset === undefined) continue;
      const { line, col } = lines.linePos(offset);
      return { line, column: col };
    }
    return { line: 1, column: 1 };
  };
}

/** The offsets of the keys of maps, computed once for each map. */
class KeyOffsets {
  readonly #maps = new WeakMap<YAMLMap, ReadonlyMap<string, number>>();

  of(map: YAMLMap, key: PropertyKey): number | undefined {
    const known = this.#maps.get(map);
    if (known !== undefined) return known.get(String(key));
    const offsets = map.items.flatMap(({ key: node }) =>
      isScalar(node) && node.range ? [[String(node.value), node.range[0]] as const] : [],
    );
    const found: ReadonlyMap<string, number> = new Map(offsets);
    this.#maps.set(map, found);
    return found.get(String(key));
  }
}

/** The offset of a path: that of its key, where it has one. */
function offsetOf(
  document: Document.Parsed,
  keys: KeyOffsets,
  path: readonly PropertyKey[],
): number | undefined {
  const parent = document.getIn(path.slice(0, -1), true);
  const offset = isMap(parent) ? keys.of(parent, path.at(-1) ?? "") : undefined;
  if (offset !== undefined) return offset;
  const node: unknown = path.length === 0 ? document.contents : document.getIn(path, true);
  return isNode(node) ? node.range?.[0] : undefined;
}

function isNode(
  value: unknown,
): value is Node & { range?: readonly [number, number, number] | null } {
  return typeof value === "object" && value !== null && "range" in value;
}
