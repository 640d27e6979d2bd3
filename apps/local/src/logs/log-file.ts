import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  write,
} from "node:fs";
import { dirname } from "node:path";

export interface LogFileOptions {
  /** Of one file; with the one before it a log takes at most twice as much. */
  readonly maxBytes: number;
}

/**
 * An append-only file with a size cap: a full one becomes `<path>.1`, and the one before that is deleted. Writes are batched
 * and sequential, so that a service with much output costs one system call a turn.
 */
export class LogFile {
  readonly #path: string;
  readonly #maxBytes: number;
  #descriptor: number | undefined;
  #size = 0;
  #pending: string[] = [];
  #pendingBytes = 0;
  #writing: Promise<void> | undefined;
  /** The number of lost lines, and why the last one was lost. */
  #lost = 0;
  #why = "";
  /** The last line on disk may be incomplete. */
  #isCut = false;

  constructor(path: string, { maxBytes }: LogFileOptions) {
    this.#path = path;
    this.#maxBytes = maxBytes;
  }

  /** A disk that can't keep up loses lines rather than holding up the service or filling the memory. */
  append(line: string): void {
    if (this.#pendingBytes > this.#maxBytes) {
      this.#lost++;
      this.#why = "the disk is too slow";
      return;
    }
    this.#pending.push(line);
    this.#pendingBytes += Buffer.byteLength(line) + 1;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  async close(): Promise<void> {
    await this.#writing;
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  /** Closes, and removes what was written. */
  async remove(): Promise<void> {
    await this.close();
    rmSync(this.#path, { force: true });
    rmSync(`${this.#path}.1`, { force: true });
  }

  async #writeAll(): Promise<void> {
    await Promise.resolve(); // gather what is logged in this turn
    while (this.#pending.length > 0) {
      const lines = this.#pending;
      const [lost, why] = [this.#lost, this.#why];
      this.#pending = [];
      this.#pendingBytes = 0;
      this.#lost = 0;
      if (await this.#write(lost === 0 ? lines : [`... ${lost} lines lost: ${why}`, ...lines]))
        continue;
      this.#lost += lost + lines.length;
    }
  }

  /** False where it failed: a full disk must not stop a service, and the next write reports the lost lines. */
  async #write(lines: readonly string[]): Promise<boolean> {
    const bytes = Buffer.from(`${this.#isCut ? "\n" : ""}${lines.join("\n")}\n`);
    try {
      const descriptor = this.#open(bytes.length);
      const written = await new Promise<number>((resolve, reject) => {
        write(descriptor, bytes, (error, count) =>
          error === null ? resolve(count) : reject(error),
        );
      });
      this.#size += written;
      this.#isCut = written < bytes.length;
      if (!this.#isCut) return true;
      this.#why = "the disk is full";
    } catch (error) {
      this.#why = error instanceof Error ? error.message : String(error);
    }
    return false;
  }

  #open(more: number): number {
    this.#descriptor ??= this.#openAtEnd();
    if (this.#size > 0 && this.#size + more > this.#maxBytes) {
      closeSync(this.#descriptor);
      this.#descriptor = undefined;
      renameSync(this.#path, `${this.#path}.1`);
      this.#descriptor = this.#openAtEnd();
    }
    return this.#descriptor;
  }

  #openAtEnd(): number {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    const descriptor = openSync(this.#path, "a", 0o600);
    this.#size = fstatSync(descriptor).size;
    return descriptor;
  }
}

/** The last lines of a file, reading no more than so many bytes from its end. */
export function readTail(path: string, maxBytes: number): readonly string[] {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return [];
  const from = Math.max(0, size - maxBytes);
  const buffer = Buffer.alloc(size - from);
  const descriptor = openSync(path, "r");
  try {
    readSync(descriptor, buffer, 0, buffer.length, from);
  } finally {
    closeSync(descriptor);
  }
  const lines = buffer.toString("utf8").split("\n");
  if (from > 0) lines.shift(); // begins in the middle
  return lines.filter((line) => line !== "");
}
