import type { FieldValue } from "@cocktail/route";
import type { OutgoingHeaders } from "./outgoing.ts";

/** Headers as undici keeps them, and as `node:http` takes them: name, value, name, value. */
export type FlatHeaders = (string | string[])[];

/** Reads and changes a flat list of headers, whose names may be written in any case. */
export function flatHeaders(list: FlatHeaders): OutgoingHeaders {
  const find = (name: string): number => {
    for (let at = 0; at < list.length; at += 2) {
      if (isNamed(list[at], name)) return at;
    }
    return -1;
  };
  return {
    get: (name) => {
      const values: string[] = [];
      for (let at = 0; at < list.length; at += 2) {
        if (isNamed(list[at], name)) values.push(...lines(list[at + 1]));
      }
      return values.length > 1 ? values : values[0];
    },
    set: (name, value) => {
      const at = find(name);
      if (at < 0) list.push(name, value);
      else {
        list[at + 1] = value;
        removeFrom(list, name, at + 2);
      }
    },
    remove: (name) => removeFrom(list, name, 0),
  };
}

/** The length first: it rules out nearly every other header. */
function isNamed(found: string | string[] | undefined, name: string): boolean {
  return typeof found === "string" && found.length === name.length && found.toLowerCase() === name;
}

function removeFrom(list: FlatHeaders, name: string, from: number): void {
  for (let at = list.length - 2; at >= from; at -= 2) {
    if (isNamed(list[at], name)) list.splice(at, 2);
  }
}

/** The values of a header, one a line. */
export function lines(value: FieldValue): readonly string[] {
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : value;
}
