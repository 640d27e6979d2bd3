import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { until } from "@cocktail/test-support";

/** A Node process of a test, and the lines that it prints. */
export class LinesProcess implements Disposable {
  readonly lines: string[] = [];
  readonly name: string;
  readonly #child: ChildProcess;
  /** The exit code and the signal. */
  readonly exited: Promise<unknown>;

  constructor(name: string, script: string, words: readonly string[], env = process.env) {
    this.name = name;
    const all = ["--conditions=@cocktail/source", script, ...words];
    this.#child = spawn(process.execPath, all, { stdio: ["ignore", "pipe", "pipe"], env });
    this.exited = once(this.#child, "exit");
    const { stdout, stderr } = this.#child;
    assert.ok(stdout && stderr);
    for (const stream of [stdout, stderr])
      createInterface(stream).on("line", (line) => this.lines.push(line));
  }

  get pid(): number {
    assert.ok(this.#child.pid);
    return this.#child.pid;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Also if it is paused. */
  [Symbol.dispose](): void {
    this.#child.kill("SIGKILL");
  }

  async says(text: string | RegExp): Promise<void> {
    const isIt = (line: string): boolean =>
      typeof text === "string" ? line === text : text.test(line);
    await until(`${this.name} to say ${text}`, () => this.lines.some(isIt), {
      ms: 20_000,
      seen: () => this.lines.slice(-20),
    });
  }
}
