import { EventEmitter, once } from "node:events";
import { realpath } from "node:fs/promises";
import { relative, sep } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { FSWatcher } from "chokidar";
import { allIgnored, ignoredFiles } from "../cocktail/ignored-files.ts";
import { Failure } from "../failure.ts";
import { isUnwatched } from "./unwatched.ts";

/** So long nothing may change before a burst of changes counts as over, and so long it may last. */
const quietMs = 300;
const burstMs = 5_000;
/** So many names of a burst are kept. */
const maxNames = 1_000;

/** What changes in a directory, and below it. Links are not followed, and no file is read. */
export class DirectoryChanges implements AsyncDisposable {
  readonly #directory: string;
  /** Of changes that were not looked at yet. */
  readonly #names = new Set<string>();
  /** Of those that git doesn't ignore. */
  readonly #counting = new Set<string>();
  #watcher: FSWatcher | undefined;
  #failure: Failure | undefined;
  readonly #events = new EventEmitter();
  #lastAt = 0;
  /** While the directory is gone nothing else keeps the process waiting for it. */
  readonly #alive = setInterval(() => undefined, 60_000);

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Resolves when every change from here on is noticed. Throws a `Failure` for a directory that can't be watched. */
  static async open(directory: string, signal: AbortSignal): Promise<DirectoryChanges> {
    // Links are not followed, except for this one.
    const changes = new DirectoryChanges(await realpath(directory));
    try {
      await changes.#start(signal);
      return changes;
    } catch (error) {
      await changes[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #start(signal: AbortSignal): Promise<void> {
    const { watch } = await import("chokidar");
    const ignored = await allIgnored(this.#directory);
    const skip = (path: string): boolean => {
      const name = this.#nameOf(path);
      return isUnwatched(name) || ignored.has(name);
    };
    const watcher = watch(this.#directory, {
      ignored: skip,
      ignoreInitial: true,
      followSymlinks: false,
      ignorePermissionErrors: true,
    });
    this.#watcher = watcher;
    const ready = Promise.withResolvers<void>();
    watcher.on("all", (_, path) => this.#note(this.#nameOf(path)));
    watcher.once("ready", ready.resolve);
    watcher.on("error", (error) => {
      this.#failure ??= watchFailure(this.#directory, error);
      ready.resolve();
      this.#events.emit("news");
    });
    signal.addEventListener("abort", () => ready.resolve(), { once: true });
    await ready.promise;
    signal.throwIfAborted();
    this.#throwFailure();
  }

  /** With slashes; empty for the directory itself. */
  #nameOf(path: string): string {
    return relative(this.#directory, path).replaceAll(sep, "/");
  }

  #note(name: string): void {
    if (this.#names.size < maxNames) this.#names.add(name);
    this.#lastAt = performance.now();
    this.#events.emit("news");
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Something changed that was not taken yet; git may ignore it. */
  get isPending(): boolean {
    return this.#names.size + this.#counting.size > 0;
  }

  /** Resolves when there are changes that count, and they are over. They stay until they are taken. */
  async settle(signal: AbortSignal): Promise<void> {
    for (;;) {
      this.#throwFailure();
      if (this.#names.size > 0) {
        await this.#untilQuiet(signal);
        await this.#sift();
      } else if (this.#counting.size > 0) return;
      else await once(this.#events, "news", { signal });
    }
  }

  /** The names of what changed since the last time; waits for changes, and until they are over. */
  async take(signal: AbortSignal): Promise<readonly string[]> {
    await this.settle(signal);
    const names = [...this.#counting].toSorted();
    this.#counting.clear();
    return names;
  }

  /** Git is asked again, since what it ignores may be new, and so may be its rules. */
  async #sift(): Promise<void> {
    const names = [...this.#names];
    this.#names.clear();
    const asked = names.filter((name) => name !== "");
    const ignored = await ignoredFiles(this.#directory, asked);
    for (const name of names) if (!ignored.has(name)) this.#counting.add(name);
  }

  async #untilQuiet(signal: AbortSignal): Promise<void> {
    const end = performance.now() + burstMs;
    for (;;) {
      const left = Math.min(this.#lastAt + quietMs, end) - performance.now();
      if (left <= 0) return;
      await delay(left, undefined, { signal });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#alive);
    await this.#watcher?.close();
  }
}

/** The system's errors name neither the limit that was met nor who sets it. */
function watchFailure(directory: string, error: unknown): Failure {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const why = error instanceof Error ? error.message : String(error);
  const [cause, fix] = causes[String(code)] ?? [why, "check that it exists and may be read"];
  return new Failure(
    { code: "WATCH_FAILED", message: `${directory} can't be watched: ${cause}`, fix },
    { cause: error },
  );
}

const less = "or let git ignore directories that need not be watched";
const causes: Readonly<Record<string, readonly [cause: string, fix: string]>> = {
  ENOSPC: [
    "it has more directories than this user's inotify watches (fs.inotify.max_user_watches)",
    `raise the limit: sudo sysctl fs.inotify.max_user_watches=524288; ${less}`,
  ],
  EMFILE: [
    "this user has too many inotify instances (fs.inotify.max_user_instances), or this process too many open files",
    `end other watchers, or raise the limits: sudo sysctl fs.inotify.max_user_instances=512, ulimit -n 65536; ${less}`,
  ],
};
