import { hash8 } from "./hash.ts";
import { isKey, isReservedKey } from "./names.ts";
import { lowerAscii } from "./split.ts";

export interface KeyOptions {
  /** Ticket projects, such as `["mp", "ops"]`, in any case; empty or absent: any project. */
  readonly projects?: readonly string[] | undefined;
}

const ticket = /(?<![a-z0-9])[a-z][a-z0-9]+-[0-9]+(?![a-z0-9])/g;
/** 40 characters, less `-` and 8 hex digits. */
const cutLength = 31;

/**
 * The key of a branch: its ticket, `feature/mp-101-bla-bla` -> `mp-101`; else a slug. A slug that lost any character, or
 * would be a reserved key, ends with a hash of the raw name, so that two branches don't share a key by accident.
 */
export function keyFromBranch(branch: string, options: KeyOptions = {}): string {
  const lower = lowerAscii(branch);
  return ticketOf(lower, options.projects ?? []) ?? slugOf(lower, branch);
}

function ticketOf(lower: string, projects: readonly string[]): string | undefined {
  const allowed = new Set(projects.map(lowerAscii));
  for (const [found] of lower.matchAll(ticket)) {
    const project = found.slice(0, found.lastIndexOf("-"));
    if (isKey(found) && (allowed.size === 0 || allowed.has(project))) return found;
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
