import { hash8 } from "./hash.ts";
import { isKey, isReservedKey } from "./names.ts";
import { lowerAscii } from "./split.ts";

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
  const lower = lowerAscii(branch);
  return ticketOf(lower, options.projects ?? []) ?? slugOf(lower, branch);
}

function ticketOf(lower: string, projects: readonly string[]): string | undefined {
  const wanted = new Set(projects.map(lowerAscii));
  for (const [found] of lower.matchAll(ticket)) {
    const project = found.slice(0, found.lastIndexOf("-"));
    if (isKey(found) && (wanted.size === 0 || wanted.has(project))) return found;
  }
  return undefined;
}

function slugOf(lower: string, branch: string): string {
  const plain = lower.replaceAll("/", "-");
  if (isKey(plain) && !isReservedKey(plain)) return plain;
  const slug = plain
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-/, "")
    .slice(0, cutLength)
    .replace(/-$/, "");
  return slug === "" ? hash8(branch) : `${slug}-${hash8(branch)}`;
}
