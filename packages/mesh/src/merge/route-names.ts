import { hash8 } from "@cocktail/route";
import type { Fields } from "../fields.ts";
import type { PatchOwner } from "./types.ts";

/** The finalizer of the operator that `VirtualServiceMerge` comes from: nobody removes it any more, so whoever takes over does. */
export const legacyFinalizer = "istiomerger.monime.sl-finalizer";
/** The API groups of `VirtualServiceMerge`: that operator's, and that of its best known user. */
export const mergeGroups = ["istiomerger.monime.sl", "istiomerge.monime.sl"] as const;

const ownName = /^cocktail\.[-a-z0-9]+\.\S+\.[0-9a-f]{8}$/;

/** True for names that only `ownRouteName` gives. */
export function isOwnName(name: string): boolean {
  return ownName.test(name);
}

/** Says whose the route is, keeps what its author called it, and is nobody else's: the hash is over all of it, uncut. */
export function ownRouteName({ namespace, name, group }: PatchOwner, label: string): string {
  const shown =
    label === name || label.startsWith("#") ? "" : `.${label.slice(0, 63).toWellFormed()}`;
  const whole = [namespace, name, label, ...(group === undefined ? [] : [group])];
  const readable = `cocktail.${namespace}.${name}${shown}`.replaceAll(/\s/g, "_");
  return `${readable}.${hash8(JSON.stringify(whole))}`;
}

/** As that operator named route `at` of `count`: a trailing integer is kept, any other name replaced. */
export function legacyRouteName(owner: string, route: Fields, at: number, count: number): string {
  const { name } = route;
  return typeof name === "string" && trailingInteger(name) !== undefined
    ? name
    : `${owner}-${count - 1 - at}`;
}

export function trailingInteger(name: string): number | undefined {
  const digits = /-(\d{1,9})$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
