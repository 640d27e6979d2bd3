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

/** Ends processes of a workload that left its process group (setsid, daemons). Returns their number. */
export async function killDetachedProcesses(
  runId: string,
  workload: WorkloadMarks,
  options: EndOptions,
): Promise<number> {
  const wanted = Object.entries(markEnvironment(runId, workload));
  let count = 0;
  // Repeated: they may start others while they are being ended.
  for (let scan = 0; scan < 3; scan++) {
    const marked = await findMarked(runId);
    const detached = marked.filter(({ marks }) =>
      wanted.every(([name, value]) => marks.get(name) === value),
    );
    if (detached.length === 0) break;
    count += detached.length;
    await endProcesses(detached, options);
  }
  return count;
}
