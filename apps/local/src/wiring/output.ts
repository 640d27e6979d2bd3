import { fstatSync, ftruncateSync, writeSync } from "node:fs";
import type { LogLine } from "@cocktail/client";
import { formatRecord } from "@cocktail/client/log-record";
import { printable, printableJson } from "@cocktail/client/printable";
import { type Logger, pino } from "pino";

export interface OutputOptions {
  readonly format: "pretty" | "json";
  readonly level: string;
  /** Names of all services, for aligned columns. */
  readonly services: readonly string[];
}

/** Output of the process: its own log on stderr, the output of the services on stdout. */
export interface Output {
  readonly log: Logger;
  readonly serviceLine: (line: LogLine) => void;
}

/** An output file is truncated at this size: everything is in the logs of the variants, which rotate. */
const maxFileBytes = 20 * 1024 * 1024;

export function openOutput({ format, level, services }: OutputOptions): Output {
  const stderr = openStream(process.stderr, 2, format);
  const stdout = openStream(process.stdout, 1, format);
  const base = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (format === "json") {
    return {
      log: pino(base, { write: stderr }),
      serviceLine: (line) => stdout(`${printableJson(line)}\n`),
    };
  }
  const keepColour = process.stdout.isTTY && process.stdout.hasColors();
  const width = Math.max(...services.map((name) => name.length + ":stable".length), 16);
  return {
    log: pino(base, { write: (line: string) => stderr(formatRecord(line)) }),
    serviceLine: (line) => stdout(formatServiceLine(line, { width, keepColour })),
  };
}

/** Most that is queued for the reader of a pipe, in bytes. */
const maxQueued = 1024 * 1024;

/** A stream that shows how much its reader has not read yet. */
interface Sink {
  readonly writableLength: number;
  write(text: string): unknown;
}

/** A reader that stopped reading (a pager) must not fill the memory: lines are dropped, and counted in the output. */
export function writeBounded(
  stream: Sink,
  notice: (count: number) => string,
): (text: string) => void {
  let dropped = 0;
  return (text) => {
    if (stream.writableLength > maxQueued) {
      dropped++;
      return;
    }
    if (dropped > 0) stream.write(notice(dropped));
    dropped = 0;
    stream.write(text);
  };
}

const notices = {
  pretty: (count: number): string => `... ${count} lines dropped: the reader is too slow\n`,
  json: (count: number): string => `${JSON.stringify({ leftOut: count })}\n`,
} as const;

/** Bounded writes to a stream that may be closed, such as a terminal: neither the disk nor the memory is filled. */
function openStream(
  stream: NodeJS.WriteStream,
  fd: number,
  format: OutputOptions["format"],
): (text: string) => void {
  stream.on("error", () => undefined); // the terminal was closed; the services keep running
  if (!fstatSync(fd).isFile()) return writeBounded(stream, notices[format]);
  let size = fstatSync(fd).size;
  return (text) => {
    size += Buffer.byteLength(text);
    if (size > maxFileBytes) {
      ftruncateSync(fd, 0);
      size = writeSync(fd, `... cut at ${maxFileBytes} bytes\n`);
    }
    stream.write(text);
  };
}

/** One line of a service for people. What it prints is untrusted: on a terminal it keeps its colours, and no more. */
export function formatServiceLine(
  { text, variant }: Pick<LogLine, "text" | "variant">,
  { width, keepColour }: { readonly width: number; readonly keepColour: boolean },
): string {
  return `${variant.padEnd(width)} | ${printable(text, keepColour)}\n`;
}
