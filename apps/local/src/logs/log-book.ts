import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { LogLine } from "@cocktail/client";
import { LogFile, readTail } from "./log-file.ts";
import { formatLogLine, parseLogLine } from "./log-line.ts";
import { follow } from "./log-stream.ts";

export interface LogBookOptions {
  /** Files are `<directory>/<service>/<key>.log`. */
  readonly directory: string;
  /** Of one file; two are kept for a variant. Default 5 MiB. */
  readonly maxFileBytes?: number | undefined;
  /** Lines of a variant kept in memory. Default 1000. */
  readonly ring?: number | undefined;
  /** Called with every line. */
  readonly onLine?: ((line: LogLine) => void) | undefined;
}

export interface LogBookQuery {
  readonly service?: string | undefined;
  readonly key?: string | undefined;
  readonly tail: number;
  readonly follow: boolean;
  readonly signal?: AbortSignal | undefined;
}

interface Page {
  readonly service: string;
  readonly key: string;
  readonly file: LogFile;
  lines: LogLine[];
}

/** The output of every variant: the last lines in memory, more on disk, and a live stream for followers. */
export class LogBook {
  readonly #directory: string;
  readonly #maxFileBytes: number;
  readonly #ring: number;
  readonly #onLine: ((line: LogLine) => void) | undefined;
  readonly #pages = new Map<string, Page>();
  readonly #followers = new Set<(line: LogLine) => void>();

  constructor(options: LogBookOptions) {
    this.#directory = options.directory;
    this.#maxFileBytes = options.maxFileBytes ?? 5 * 1024 * 1024;
    this.#ring = options.ring ?? 1000;
    this.#onLine = options.onLine;
  }

  append(service: string, key: string, line: Omit<LogLine, "time" | "variant">): void {
    const whole: LogLine = {
      time: new Date().toISOString(),
      variant: `${service}:${key}`,
      ...line,
    };
    const page = this.#page(service, key);
    page.lines.push(whole);
    // Trimmed in batches, not at every line.
    if (page.lines.length > this.#ring * 2) page.lines = page.lines.slice(-this.#ring);
    page.file.append(formatLogLine(whole));
    this.#onLine?.(whole);
    for (const follower of this.#followers) follower(whole);
  }

  read(query: LogBookQuery): AsyncIterable<LogLine> {
    const matches = (line: LogLine): boolean => matchesQuery(line.variant, query);
    const past = (): readonly LogLine[] =>
      query.tail > 0 ? this.#past(query).slice(-query.tail) : [];
    if (!query.follow) return replay(past());
    const subscribe = (listener: (line: LogLine) => void): (() => void) => {
      this.#followers.add(listener);
      return () => this.#followers.delete(listener);
    };
    return follow({ past, matches, subscribe, signal: query.signal });
  }

  /** Deletes the logs of a removed variant. */
  async forget(service: string, key: string): Promise<void> {
    const page = this.#pages.get(`${service}:${key}`);
    this.#pages.delete(`${service}:${key}`);
    await page?.file.remove();
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#pages.values(), ({ file }) => file.close()));
  }

  #past(query: LogBookQuery): readonly LogLine[] {
    this.#openExisting(query.service);
    const pages = [...this.#pages.values()].filter(({ service, key }) =>
      matchesQuery(`${service}:${key}`, query),
    );
    const lines = pages.flatMap((page) => page.lines.slice(-this.#ring));
    return pages.length > 1
      ? lines.toSorted((one, other) => one.time.localeCompare(other.time))
      : lines;
  }

  /** Opens the logs of variants that only an earlier run wrote. */
  #openExisting(only: string | undefined): void {
    for (const service of only === undefined ? list(this.#directory) : [only]) {
      for (const name of list(join(this.#directory, service))) {
        if (name.endsWith(".log")) this.#page(service, name.slice(0, -".log".length));
      }
    }
  }

  #page(service: string, key: string): Page {
    const variant = `${service}:${key}`;
    const known = this.#pages.get(variant);
    if (known !== undefined) return known;
    const path = join(this.#directory, service, `${key}.log`);
    const lines = readTail(path, 64 * 1024).flatMap((line) => parseLogLine(variant, line) ?? []);
    const file = new LogFile(path, { maxBytes: this.#maxFileBytes });
    const page: Page = { service, key, file, lines };
    this.#pages.set(variant, page);
    return page;
  }
}

function matchesQuery(variant: string, { service, key }: LogBookQuery): boolean {
  if (service === undefined) return true;
  return key === undefined ? variant.startsWith(`${service}:`) : variant === `${service}:${key}`;
}

function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // does not exist yet, or is a file
  }
}

async function* replay(lines: readonly LogLine[]): AsyncGenerator<LogLine, void, undefined> {
  yield* lines;
}
