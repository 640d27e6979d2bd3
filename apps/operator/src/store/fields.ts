import { isEqualDocument } from "@cocktail/environment";
import type { PatchStep } from "@cocktail/kubernetes";
import type { Fields } from "@cocktail/mesh";

/** Without the members that are undefined. */
export function defined(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** The fields with some of them changed; undefined removes one. */
export function withFields(fields: Fields, changes: Fields): Fields {
  return defined({ ...fields, ...changes });
}

/** The steps that turn one spec into another. Only fields that differ are named. */
export function specSteps(before: Fields, after: Fields): readonly PatchStep[] {
  const was = new Map(Object.entries(before));
  const is = new Map(Object.entries(after));
  const removed = [...was.keys()].filter((name) => !is.has(name));
  const changed = [...is].filter(([name, value]) => !isEqualDocument(was.get(name), value));
  return [
    ...removed.map((name): PatchStep => ({ op: "remove", path: pathOf("spec", name) })),
    ...changed.map(([name, value]): PatchStep => ({
      op: "add",
      path: pathOf("spec", name),
      value,
    })),
  ];
}

/** A JSON pointer. */
export function pathOf(...names: readonly string[]): string {
  return names.map((name) => `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
