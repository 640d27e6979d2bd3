import type { LogLine } from "@cocktail/client";

const written = /^(\S+) #(\d+) (stdout|stderr|cocktail) (.*)$/s;

/** `2026-11-23T09:31:00.000Z #2 stdout text`, as it stands in the files. */
export function formatLogLine({ time, incarnation, stream, text }: LogLine): string {
  return `${time} #${incarnation} ${stream} ${text}`;
}

/** Undefined for a malformed line, such as a truncated one. */
export function parseLogLine(variant: string, line: string): LogLine | undefined {
  const match = written.exec(line);
  if (match === null) return undefined;
  const [, time = "", incarnation, stream, text = ""] = match;
  if (stream !== "stdout" && stream !== "stderr" && stream !== "cocktail") return undefined;
  return { time, variant, incarnation: Number(incarnation), stream, text };
}
