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
export async function endEscaped(
  runId: string,
  workload: WorkloadMarks,
  options: EndOptions,
): Promise<number> {
  const wanted = Object.entries(markEnvironment(runId, workload));
  const marked = await findMarked(runId);
  const escaped = marked.filter(({ marks }) =>
    wanted.every(([name, value]) => marks.get(name) === value),
  );
  await endProcesses(escaped, options);
  return escaped.length;
}
