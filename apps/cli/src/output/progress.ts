import { formatDuration } from "../duration.ts";
import { printable } from "@cocktail/client/printable";
import { truncateToWidth } from "./display-width.ts";
import { coloured, type Paint, plain } from "./paint.ts";

export interface Progress {
  /** Prints a permanent line about a change. */
  done(label: string, detail: string): void;
  warn(text: string): void;
  /** A plain line, such as a hint. */
  note(text: string): void;
  /** Starts a wait and shows its state until it ends; printed again only after a change, or as a heartbeat. */
  wait(label: string): Waiting;
}
export interface Waiting {
  /** The current state, such as `Starting: port 4011 refuses`. */
  state(text: string): void;
  end(outcome: "good" | "bad" | "warn", detail: string): void;
  /** Ends the wait without output: the result is reported elsewhere. */
  drop(): void;
}

export interface ProgressTarget {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
  /** Current width of the terminal; undefined if unknown. */
  readonly columns: () => number | undefined;
  readonly colour: boolean;
  readonly now: () => number;
}

/** The interval between repeated lines of a wait without a terminal. */
export const heartbeatMs = 30_000;
const frameMs = 100;
const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const labelWidth = 9;
const standardColumns = 80;

/** No output: under `-o json`, stderr contains only the error object. */
export const silentProgress: Progress = {
  done: () => {},
  warn: () => {},
  note: () => {},
  wait: () => ({ state: () => {}, end: () => {}, drop: () => {} }),
};

/** Progress on stderr: an animated line on a terminal, otherwise one line per change. */
export function createProgress(target: ProgressTarget): Progress {
  const paint = target.colour ? coloured : plain;
  const print = (text: string): void => target.write(`${text}\n`);
  return {
    done: (label, detail) =>
      print(`${paint({ tone: "good", text: "✓" })} ${column(label)} ${printable(detail)}`),
    warn: (text) => print(`${paint({ tone: "warn", text: "!" })} ${printable(text)}`),
    note: (text) => print(printable(text)),
    wait: (label) =>
      target.isTerminal ? waitOnTerminal(label, target, paint) : waitInLog(label, target),
  };
}

function waitInLog(label: string, target: ProgressTarget): Waiting {
  const began = target.now();
  let current = "waiting";
  const elapsed = (): string => formatDuration((target.now() - began) / 1000);
  const beat = (): void => target.write(`… ${column(label)} ${current} (${elapsed()})\n`);
  const startBeating = (): NodeJS.Timeout => setInterval(beat, heartbeatMs).unref();
  let timer = startBeating();
  return {
    state: (text) => {
      const next = printable(text);
      if (next === current) return;
      current = next;
      // A line was just printed: restart the heartbeat interval.
      clearInterval(timer);
      timer = startBeating();
      target.write(`… ${column(label)} ${next}\n`);
    },
    drop: () => clearInterval(timer),
    end: (outcome, detail) => {
      clearInterval(timer);
      target.write(`${mark(outcome)} ${column(label)} ${printable(detail)} (${elapsed()})\n`);
    },
  };
}

function waitOnTerminal(label: string, target: ProgressTarget, paint: Paint): Waiting {
  const began = target.now();
  let current = "";
  let frame = 0;
  const draw = (): void => {
    const elapsed = formatDuration((target.now() - began) / 1000);
    const head = `${frames[frame++ % frames.length] ?? ""} `;
    // A wrapped line cannot be overwritten: each frame would leave a copy.
    const room = (target.columns() ?? standardColumns) - head.length - elapsed.length - 2;
    const shown = truncateToWidth(`${column(label)} ${current}`, room);
    target.write(
      `\r\u001B[K${paint({ tone: "accent", text: head })}${shown} ${paint({ tone: "dim", text: elapsed })}`,
    );
  };
  const timer = setInterval(draw, frameMs);
  timer.unref();
  draw();
  return {
    state: (text) => {
      current = printable(text);
    },
    drop: () => {
      clearInterval(timer);
      target.write("\r\u001B[K");
    },
    end: (outcome, detail) => {
      clearInterval(timer);
      const elapsed = formatDuration((target.now() - began) / 1000);
      target.write(
        `\r\u001B[K${paint({ tone: outcome, text: mark(outcome) })} ${column(label)} ${printable(detail)} ${paint({ tone: "dim", text: elapsed })}\n`,
      );
    },
  };
}

function mark(outcome: "good" | "bad" | "warn"): string {
  if (outcome === "good") return "✓";
  return outcome === "bad" ? "✗" : "!";
}

function column(label: string): string {
  return label.padEnd(labelWidth);
}
