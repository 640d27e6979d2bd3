import { fstatSync, ftruncateSync, writeSync } from "node:fs";
import type { LogLine } from "@cocktail/client";
import { type Logger, pino } from "pino";

export interface OutputOptions {
  readonly format: "pretty" | "json";
  readonly level: string;
  /** Names of all services, for columns that stand. */
  readonly services: readonly string[];
}

/** What Cocktail itself prints: its log on stderr, and what the services say on stdout. */
export interface Output {
  readonly log: Logger;
  readonly serviceLine: (line: LogLine) => void;
}

/** A redirected output is cut when it is longer: everything is in the logs of the variants, which rotate. */
const maxFileBytes = 20 * 1024 * 1024;

export function openOutput({ format, level, services }: OutputOptions): Output {
  const stderr = openStream(process.stderr, 2, format);
  const stdout = openStream(process.stdout, 1, format);
  const base = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (format === "json") {
    return {
      log: pino(base, { write: stderr }),
      serviceLine: (line) => stdout(`${JSON.stringify(line)}\n`),
    };
  }
  const width = Math.max(...services.map((name) => name.length + ":stable".length), 16);
  return {
    log: pino(base, { write: (line: string) => stderr(formatRecord(line)) }),
    serviceLine: ({ text, variant }) => stdout(`${variant.padEnd(width)} | ${text}\n`),
  };
}

/** What waits for a reader of a pipe, in bytes. */
const maxQueued = 1024 * 1024;

/** What a stream shows of how far its reader is. */
interface Sink {
  readonly writableLength: number;
  write(text: string): unknown;
}

/** A reader that stopped reading (a pager) must not fill the memory: lines are left out, and it is said how many. */
export function writeBounded(
  stream: Sink,
  notice: (count: number) => string,
): (text: string) => void {
  let leftOut = 0;
  return (text) => {
    if (stream.writableLength > maxQueued) {
      leftOut++;
      return;
    }
    if (leftOut > 0) stream.write(notice(leftOut));
    leftOut = 0;
    stream.write(text);
  };
}

const notices = {
  pretty: (count: number): string => `... ${count} lines left out: the reader is too slow\n`,
  json: (count: number): string => `${JSON.stringify({ leftOut: count })}\n`,
} as const;

/** Writes that outlive the terminal they went to, and that fill neither a disk nor the memory. */
function openStream(
  stream: NodeJS.WriteStream,
  fd: number,
  format: OutputOptions["format"],
): (text: string) => void {
  stream.on("error", () => undefined); // the terminal was closed; the services go on
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

const levels: Readonly<Record<number, string>> = {
  10: "trace",
  20: "debug",
  30: "info",
  40: "WARN",
  50: "ERROR",
  60: "FATAL",
};
/** Said in the message too, or of no use to a person. */
const hidden = new Set([
  "level",
  "time",
  "msg",
  "err",
  "part",
  "service",
  "key",
  "incarnation",
  "phase",
]);

/** One record of pino as a line for people: `09:31:00.000 info  message key=value`. */
export function formatRecord(json: string): string {
  const record: unknown = JSON.parse(json);
  if (typeof record !== "object" || record === null) return json;
  const fields = new Map<string, unknown>(Object.entries(record));
  const time = String(fields.get("time")).slice(11, 23);
  const level = (levels[Number(fields.get("level"))] ?? "info").padEnd(5);
  const rest = [...fields]
    .filter(([name]) => !hidden.has(name))
    .map(([name, value]) => `${name}=${show(value)}`);
  return `${[time, level, `${part(fields)}${String(fields.get("msg"))}`, ...rest, errorText(fields.get("err"))].filter(Boolean).join(" ")}\n`;
}

function part(fields: ReadonlyMap<string, unknown>): string {
  const name = fields.get("part");
  return typeof name === "string" ? `${name}: ` : "";
}

function show(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /\s/.test(text) && typeof value === "string" ? JSON.stringify(value) : text;
}

function errorText(error: unknown): string {
  if (typeof error !== "object" || error === null || !("message" in error)) return "";
  return `error=${JSON.stringify(error.message)}`;
}
