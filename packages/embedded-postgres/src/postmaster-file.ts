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
