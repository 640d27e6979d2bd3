import { isAlive } from "@cocktail/local-state";
import { endGroup, endProcesses, isGroupEmpty } from "./process-group.ts";
import { findMarked, type MarkedProcess } from "./process-list.ts";
import { type ProcessRecord, readProcessRecords, removeProcessRecords } from "./process-records.ts";

/** What to end of an earlier run. */
export interface LeftoverPlan {
  /** Groups whose leader is exactly the recorded process and carries the run id. */
  readonly groups: readonly ProcessRecord[];
  /** Processes with the run id outside those groups: their leader is gone, or they left it. */
  readonly strays: readonly MarkedProcess[];
}

/**
 * A recorded group is ended when pid, start time and the run id in its environment all agree, so that an unrelated
 * process with a reused pid is never signalled. Every other process with the run id was started by one of the run's.
 */
export function planLeftovers(
  records: readonly ProcessRecord[],
  marked: readonly MarkedProcess[],
): LeftoverPlan {
  const byPid = new Map(marked.map((one) => [one.pid, one]));
  const groups = records.filter((record) => {
    const living = byPid.get(record.pid);
    return (
      living !== undefined &&
      living.startTime === record.startTime &&
      living.marks.get("COCKTAIL_RUN_ID") === record.runId
    );
  });
  const groupNumbers = new Set(groups.map(({ pid }) => pid));
  return { groups, strays: marked.filter(({ group }) => !groupNumbers.has(group)) };
}

/** This user may not end some processes of an earlier run, or they survived SIGKILL. */
export class LeftoversNotTerminated extends Error {
  override readonly name = "LeftoversNotTerminated";

  constructor(pids: readonly number[]) {
    super(`these processes of a killed run could not be ended: ${pids.join(", ")}`);
  }
}

/** Ends what an earlier run left. Returns one line for each. */
export async function endLeftovers(
  directory: string,
  earlierRunId: string | undefined,
): Promise<readonly string[]> {
  const records = readProcessRecords(directory);
  const runIds = new Set(records.map(({ runId }) => runId));
  if (earlierRunId !== undefined) runIds.add(earlierRunId);
  const plan = planLeftovers(records, await findAll(runIds));
  await Promise.all([
    ...plan.groups.map(({ pid }) => endGroup(pid, { graceMs: 2_000 })),
    endProcesses(plan.strays, { graceMs: 2_000 }),
  ]);
  const groups = plan.groups.filter(({ pid }) => !isGroupEmpty(pid));
  const remaining = [
    ...groups,
    ...plan.strays.filter(isAlive),
    ...(await killLateProcesses(runIds)),
  ];
  if (remaining.length > 0) throw new LeftoversNotTerminated(remaining.map(({ pid }) => pid));
  removeProcessRecords(directory);
  return describe(plan);
}

async function findAll(runIds: ReadonlySet<string>): Promise<readonly MarkedProcess[]> {
  const marked: MarkedProcess[] = [];
  for (const runId of runIds) marked.push(...(await findMarked(runId)));
  return marked;
}

/** Ends what was started meanwhile. Returns the processes that are still there after several scans. */
async function killLateProcesses(runIds: ReadonlySet<string>): Promise<readonly MarkedProcess[]> {
  let late = await findAll(runIds);
  for (let scan = 0; late.length > 0 && scan < maxScans; scan++) {
    await endProcesses(late, { graceMs: 200 });
    late = await findAll(runIds);
  }
  return late;
}

const maxScans = 10;

function describe({ groups, strays }: LeftoverPlan): readonly string[] {
  const lines = groups.map(
    ({ name, pid }) => `ended ${name} (process group ${pid}) of a run that was killed`,
  );
  for (const { marks, pid } of strays) {
    const service = marks.get("COCKTAIL_SERVICE");
    // Git and what it starts belong to the run itself.
    const whose =
      service === undefined ? "" : ` of ${service}:${marks.get("COCKTAIL_VARIANT") ?? "?"},`;
    lines.push(`ended process ${pid}${whose} of a run that was killed`);
  }
  return lines;
}
