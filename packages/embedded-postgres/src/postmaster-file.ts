/** What `postmaster.pid` in the data directory says. Lines, in order: pid, directory, start, port, socket directory, ... */
export interface PostmasterFile {
  readonly pid: number;
  /** Absent in the first moments of a start. */
  readonly status: string | undefined;
}

/** Undefined where the text is not (yet) such a file. */
export function parsePostmasterFile(text: string): PostmasterFile | undefined {
  const lines = text.split("\n");
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  const status = lines[7]?.trim();
  return { pid, status: status === "" ? undefined : status };
}

/**
 * Whether the server `pid` says that it accepts connections. `stale` is the text from before its start, which says nothing:
 * after a kill -9 it still reads `ready`, and in a container that was started again the new server easily has the old one's
 * number.
 */
export function isReady(
  text: string | undefined,
  { pid, stale }: { readonly pid: number; readonly stale: string | undefined },
): boolean {
  if (text === undefined || text === stale) return false;
  const file = parsePostmasterFile(text);
  return file !== undefined && file.pid === pid && file.status === "ready";
}
