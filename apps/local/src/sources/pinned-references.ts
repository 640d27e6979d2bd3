import { readFileSync } from "node:fs";
import { writeAtomically } from "@cocktail/local-state";
import { z } from "zod";
import { type BranchAnswer, commitOf, findBranch, findRepository, isBranchName } from "./git.ts";

/** Of a service whose stable variant runs at a `ref`. */
export interface ReferencedService {
  readonly name: string;
  readonly path: string;
  readonly ref: string;
  readonly entryHash: string;
}

const schema = z.record(z.string(), z.object({ entryHash: z.string(), commit: z.string() }));
/** By service. */
export type Pinned = z.output<typeof schema>;

export type PinnedReferences =
  | { readonly ok: true; readonly pinned: Pinned }
  | { readonly ok: false; readonly service: string; readonly message: string };

/**
 * The commit of each service's `ref`: the one that it had when its entry in the file was new or changed, as `savePinned` has
 * kept it in `file`. So stable stays there, over restarts too, wherever the branch goes meanwhile. Writes nothing.
 */
export async function pinReferences(
  services: readonly ReferencedService[],
  file: string,
): Promise<PinnedReferences> {
  const before = readPinned(file);
  const pinned: Pinned = {};
  for (const service of services) {
    const { name, entryHash } = service;
    const known = Object.hasOwn(before, name) ? before[name] : undefined;
    if (known?.entryHash === entryHash) {
      pinned[name] = known;
      continue;
    }
    const found = await findReference(service);
    if (!found.ok) return { ok: false, service: name, message: found.why };
    pinned[name] = { entryHash, commit: found.commit };
  }
  return { ok: true, pinned };
}

export function savePinned(file: string, pinned: Pinned): void {
  writeAtomically(file, JSON.stringify(pinned, undefined, 2));
}

async function findReference({ path, ref }: ReferencedService): Promise<BranchAnswer> {
  const found = await findRepository(path);
  if (!found.ok) return { ok: false, why: `${path} is in no git repository (${found.why})` };
  const { top } = found.repository;
  if (!isBranchName(ref))
    return { ok: false, why: `${ref} is not the name of a branch, tag or commit` };
  const branch = await findBranch(top, ref);
  if (branch.ok) return branch;
  const commit =
    (await commitOf(top, `refs/tags/${ref}`)) ??
    (/^[0-9a-f]{7,40}$/.test(ref) ? await commitOf(top, ref) : undefined);
  if (commit !== undefined) return { ok: true, commit };
  return { ok: false, why: `${top} has no branch, tag or commit ${ref}` };
}

function readPinned(file: string): Pinned {
  try {
    return schema.safeParse(JSON.parse(readFileSync(file, "utf8"))).data ?? {};
  } catch {
    return {}; // none yet
  }
}
