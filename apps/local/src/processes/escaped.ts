import { endProcesses, type EndOptions } from "./process-group.ts";
import { findMarked } from "./process-list.ts";

/** Names one workload in the environment of its processes. */
export interface WorkloadMarks {
  readonly service: string;
  readonly key: string;
  readonly incarnation: number;
}

/** The variables by which a process is recognised later. */
export function markEnvironment(
  runId: string,
  { service, key, incarnation }: WorkloadMarks,
): Record<string, string> {
  return {
    COCKTAIL_RUN_ID: runId,
    COCKTAIL_SERVICE: service,
    COCKTAIL_VARIANT: key,
    COCKTAIL_INCARNATION: String(incarnation),
  };
}

/** Ends what left the process group of a workload (setsid, daemons) and would outlive it. */
export async function killDetachedProcesses(
  runId: string,
  workload: WorkloadMarks,
  options: EndOptions,
): Promise<number> {
  const wanted = Object.entries(markEnvironment(runId, workload));
  let count = 0;
  // More than once: while they are being ended they may start others.
  for (let look = 0; look < 3; look++) {
    const marked = await findMarked(runId);
    const escaped = marked.filter(({ marks }) =>
      wanted.every(([name, value]) => marks.get(name) === value),
    );
    if (escaped.length === 0) break;
    count += escaped.length;
    await endProcesses(escaped, options);
  }
  return count;
}
