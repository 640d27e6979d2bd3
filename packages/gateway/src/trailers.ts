import { Kind, type Vocabulary } from "./vocabulary.ts";

/**
 * The trailers that may be forwarded (RFC 9110 6.5.1), name, value, name, value ...: no framing, routing or identity
 * fields, because some servers merge trailers into the headers.
 */
export function passableTrailers(flat: readonly string[], vocabulary: Vocabulary): string[] {
  const passable: string[] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const name = flat[at] ?? "";
    if (vocabulary.kindOf(name) === Kind.Other) passable.push(name, flat[at + 1] ?? "");
  }
  return passable;
}
