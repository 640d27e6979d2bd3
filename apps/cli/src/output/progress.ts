import { formatDuration } from "../duration.ts";
import { cutToWidth, printable } from "./display-width.ts";
import { coloured, type Paint, plain } from "./paint.ts";

export interface Progress {
  /** Something happened, or changed: one line that stays. */
  done(label: string, detail: string): void;
  warn(text: string): void;
  /** A plain line, such as a hint. */
  note(text: string): void;
  /** Begins a wait; its state is shown until it ends. Printed again only when it changed, or as a heartbeat. */
  wait(label: string): Waiting;
}
export interface Waiting {
  /** The state now, such as `Starting: port 4011 refuses`. */
  state(text: string): void;
  end(outcome: "good" | "bad" | "warn", detail: string): void;
  /** Ends it without a word: what came of it is told elsewhere. */
  drop(): void;
}

export interface ProgressTarget {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
  /** Width of the terminal now; undefined where it is not known. */
  readonly columns: () => number | undefined;
  readonly colour: boolean;
  readonly now: () => number;
}

/** Between two lines of a wait in which nothing changes, where there is no terminal. */
export const heartbeatMs = 30_000;
const frameMs = 100;
const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const labelWidth = 9;
const standardColumns = 80;

/** Says nothing: for `-o json`, where stderr holds the error object and nothing else. */
export const silentProgress: Progress = {
  done: () => {},
  warn: () => {},
  note: () => {},
  wait: () => ({ state: () => {}, end: () => {}, drop: () => {} }),
};

/** Progress on stderr: a moving line on a terminal, elsewhere one line per change. */
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
      // A line was just printed: the next heartbeat is due a whole interval from now.
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
    // A line that wraps could not be drawn over: it would leave a copy of itself ten times a second.
    const room = (target.columns() ?? standardColumns) - head.length - elapsed.length - 2;
    const said = cutToWidth(`${column(label)} ${current}`, room);
    target.write(
      `\r\u001B[K${paint({ tone: "accent", text: head })}${said} ${paint({ tone: "dim", text: elapsed })}`,
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
