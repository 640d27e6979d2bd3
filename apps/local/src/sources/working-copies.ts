import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { writeAtomically } from "@cocktail/local-state";
import { z } from "zod";
import { git } from "./git.ts";

/** Where a working copy is. */
export interface Position {
  readonly commit: string;
  /** Absent where no branch is checked out. */
  readonly branch?: string | undefined;
}

/** In which the stable variant of a service runs. */
export interface WorkingCopy {
  readonly service: string;
  readonly directory: string;
  /** Which deploy of stable it is. */
  readonly rollout: number;
}

const schema = z.record(
  z.string(),
  z.object({
    directory: z.string(),
    rollout: z.number(),
    commit: z.string(),
    branch: z.string().optional(),
  }),
);
type Recorded = z.output<typeof schema>;

/** How often the times of git's files are looked at, and how often git itself is asked whatever they say. */
const lookEveryMs = 1_000;
const askEveryMs = 30_000;

/**
 * Watches the working copies in which stable variants run: another commit or branch in one changes what stable is, at its
 * next start. Where each was at its deploy is kept in a file, so that it is said after a crash and a restart of this process
 * too, until stable is restarted on purpose or its entry in the file changes: that is the next deploy.
 */
export class WorkingCopies {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** Calls `onMove` with what to say, and with undefined once it is back; until the signal is aborted. */
  async watch(
    copy: WorkingCopy,
    { onMove, signal }: { onMove: (message: string | undefined) => void; signal: AbortSignal },
  ): Promise<void> {
    const { directory } = copy;
    const files = await filesOf(directory);
    if (files === undefined || signal.aborted) return;
    let said: string | undefined;
    let seen = { times: "", at: -Infinity };
    const look = async (): Promise<void> => {
      const times = files.map(changedAt).join();
      const at = performance.now();
      if (times === seen.times && at - seen.at < askEveryMs) return;
      const now = await positionOf(directory);
      // A git that fails is asked again at the next look.
      if (now === undefined || signal.aborted) return;
      seen = { times, at };
      const message = describeMove(this.#firstOf(copy, now), now, directory);
      if (message !== said) onMove(message);
      said = message;
    };
    await look();
    let looking = Promise.resolve();
    const timer = setInterval(() => {
      looking = looking.then(look, look);
    }, lookEveryMs);
    timer.unref();
    signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  }

  #firstOf({ service, directory, rollout }: WorkingCopy, now: Position): Position {
    const recorded = this.#read();
    const first = Object.hasOwn(recorded, service) ? recorded[service] : undefined;
    if (first?.directory === directory && first.rollout === rollout) return first;
    this.#write({ ...recorded, [service]: { directory, rollout, ...now } });
    return now;
  }

  #read(): Recorded {
    try {
      return schema.safeParse(JSON.parse(readFileSync(this.#file, "utf8"))).data ?? {};
    } catch {
      return {}; // none yet
    }
  }

  #write(recorded: Recorded): void {
    try {
      writeAtomically(this.#file, JSON.stringify(recorded, undefined, 2));
    } catch {
      // A full disk: it is said until the next restart only.
    }
  }
}

/** Undefined where both are the same. */
export function describeMove(
  first: Position,
  now: Position,
  directory: string,
): string | undefined {
  if (first.commit === now.commit && first.branch === now.branch) return undefined;
  return `${directory} moved from ${describe(first)} to ${describe(now)}: stable runs what was there when it was last started`;
}

function describe({ branch, commit }: Position): string {
  return `${branch ?? "no branch"} at ${commit.slice(0, 12)}`;
}

/** Files that change with the position, as a rule: not all repositories keep a log. Undefined where there is no repository. */
async function filesOf(directory: string): Promise<readonly string[] | undefined> {
  const answer = await git(directory, ["rev-parse", "--absolute-git-dir"]);
  if (!answer.ok) return undefined;
  const place = answer.stdout.trim();
  return ["HEAD", "logs/HEAD", "index"].map((file) => join(place, file));
}

function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

async function positionOf(directory: string): Promise<Position | undefined> {
  const head = await git(directory, ["rev-parse", "--verify", "--quiet", "HEAD"]);
  if (!head.ok) return undefined;
  const branch = await git(directory, ["symbolic-ref", "--quiet", "--short", "HEAD"]);
  const commit = head.stdout.trim();
  return branch.ok ? { commit, branch: branch.stdout.trim() } : { commit };
}
