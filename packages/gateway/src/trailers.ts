import { Kind, type Vocabulary } from "./vocabulary.ts";

/**
 * The trailers that may go on (RFC 9110 6.5.1), name, value, name, value ...: none of those that frame or route a
 * message or say who asked and who served, because some servers take them for headers.
 */
export function passableTrailers(flat: readonly string[], vocabulary: Vocabulary): string[] {
  const passable: string[] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const name = flat[at] ?? "";
    if (vocabulary.kindOf(name) === Kind.Other) passable.push(name, flat[at + 1] ?? "");
  }
  return passable;
}
