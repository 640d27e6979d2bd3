import { hash8 } from "./hash.ts";
import { isKey, isReservedKey } from "./names.ts";
import { lowerAscii } from "./split.ts";

export interface KeyOptions {
  /** Ticket projects, such as `["mp", "ops"]`, in any case; empty or absent: any project. */
  readonly projects?: readonly string[] | undefined;
}

const ticket = /(?<![a-z0-9])[a-z][a-z0-9]+-[0-9]+(?![a-z0-9])/g;
/** Names of standards and encodings, whose numbers are no tickets. */
const noProjects: ReadonlySet<string> = new Set(
  "cve cwe es http ieee iso md pep rfc sha ssl tls utf".split(" "),
);
/** 40 characters, less `-` and 8 hex digits. */
const cutLength = 31;

/** True if a branch's key is its ticket and not its whole name. */
export function isTicketOf(key: string, branch: string): boolean {
  return key !== slugOf(lowerAscii(branch), branch);
}

/**
 * The key of a branch: its ticket, `feature/mp-101-bla-bla` -> `mp-101`; else a slug. A slug that lost any character, or
 * would be a reserved key, ends with a hash of the raw name, so that two branches don't share a key by accident.
 */
export function keyFromBranch(branch: string, options: KeyOptions = {}): string {
  const lower = lowerAscii(branch);
  return ticketOf(lower, branch, options.projects ?? []) ?? slugOf(lower, branch);
}

/** The first match written in upper case, as trackers do, else the first. */
function ticketOf(lower: string, branch: string, projects: readonly string[]): string | undefined {
  const allowed = new Set(projects.map(lowerAscii));
  const found = Array.from(lower.matchAll(ticket)).filter(({ 0: text, index }) => {
    const project = text.slice(0, text.lastIndexOf("-"));
    if (!isKey(text)) return false;
    if (allowed.size > 0) return allowed.has(project);
    return !noProjects.has(project) && !isVersion(lower, index + text.length);
  });
  const isUpper = ({ 0: text, index }: RegExpExecArray): boolean =>
    /^[A-Z]/.test(branch.slice(index, index + text.length));
  return (found.find(isUpper) ?? found[0])?.[0];
}

/** `axios-1.9.0`: the number goes on. */
function isVersion(lower: string, end: number): boolean {
  return /^\.[0-9]/.test(lower.slice(end, end + 2));
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
