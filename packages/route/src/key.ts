import { hash8 } from "./hash.ts";
import { isKey, isReservedKey } from "./names.ts";

export interface KeyOptions {
  /** Ticket projects, such as `["mp", "ops"]`; empty or absent: any. Case does not matter. */
  readonly projects?: readonly string[] | undefined;
}

const ticket = /(?<![a-z0-9])[a-z][a-z0-9]+-[0-9]+(?![a-z0-9])/g;
/** What is left of 40 characters beside `-` and 8 hex digits. */
const cutLength = 31;

/**
 * The key of a branch: its ticket, `feature/mp-101-bla-bla` -> `mp-101`; else a slug. A slug that had to drop or cut
 * anything, or would be a reserved key, carries a hash of the raw name, so that two branches don't share it by accident.
 */
export function keyFromBranch(branch: string, options: KeyOptions = {}): string {
  const lower = branch.toLowerCase();
  const projects = options.projects?.map((project) => project.toLowerCase()) ?? [];
  for (const [found] of lower.matchAll(ticket)) {
    const project = found.slice(0, found.lastIndexOf("-"));
    if (isKey(found) && (projects.length === 0 || projects.includes(project))) return found;
  }
  const plain = lower.replaceAll("/", "-");
  if (isKey(plain) && !isReservedKey(plain)) return plain;
  const slug = plain
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, cutLength)
    .replace(/-+$/, "");
  return slug === "" ? hash8(branch) : `${slug}-${hash8(branch)}`;
}
