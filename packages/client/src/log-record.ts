import { printable } from "./printable.ts";

const levels: Readonly<Record<number, string>> = {
  10: "trace",
  20: "debug",
  30: "info",
  40: "WARN",
  50: "ERROR",
  60: "FATAL",
};
/** Part of the message already, or of no use to a reader. */
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
  const message = `${part(fields)}${String(fields.get("msg"))}`;
  const words = [time, level, message, ...rest, errorText(fields.get("err"))].filter(Boolean);
  // A message may quote what a branch's command printed.
  return `${printable(words.join(" "))}\n`;
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
