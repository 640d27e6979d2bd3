import { relative } from "node:path";
import type { TestEvent } from "node:test/reporters";
import { inspect } from "node:util";
import { suiteOf } from "./suite.ts";

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}
const none: Counts = { passed: 0, failed: 0, skipped: 0 };
type DataOf<T extends TestEvent["type"]> = Extract<TestEvent, { readonly type: T }>["data"];
type Ended = DataOf<"test:pass" | "test:fail">;

/** What a run says: a line for each file, every failure where it happens, and at the end counts by suite. */
export class Report {
  readonly #root: string;
  readonly #suites = new Map<string, Counts>();
  readonly #withTests = new Set<string>();
  readonly #completed = new Set<string>();
  readonly #skipped: string[] = [];
  /** Of the file whose results come now: those of other files wait until it has ended. */
  #current: Counts = { ...none };
  /** The end of what each running file has printed as errors. */
  readonly #stderr = new Map<string, string>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Lines to print, if any. */
  take(event: TestEvent): readonly string[] {
    switch (event.type) {
      case "test:pass":
        return this.#ended(event.data, undefined);
      case "test:fail":
        return this.#ended(event.data, event.data.details.error);
      case "test:stderr":
        this.#keep(this.#nameOf(event.data.file), event.data.message);
        return [];
      case "test:summary":
        return this.#fileEnded(event.data);
      case "test:complete":
        if (isFile(event.data)) this.#completed.add(this.#nameOf(event.data.file));
        return [];
      default:
        return [];
    }
  }

  /** Something that no test is to blame for. */
  fail(file: string, text: string): readonly string[] {
    this.#suiteOf(file).failed++;
    return [`FAIL ${text}`];
  }

  /** The last lines; the very last one is what `.ci/run` adds up. */
  finish(): readonly string[] {
    const empty = [...this.#completed].filter((file) => !this.#withTests.has(file)).toSorted();
    const faults = empty.flatMap((file) => this.fail(file, `${file} holds no test`));
    const suites = [...this.#suites].toSorted(([one], [other]) => (one < other ? -1 : 1));
    return [
      "",
      ...this.#skipped,
      ...faults,
      ...suites.map(([suite, counts]) => `${suite.padEnd(26)} ${totalLine(counts)}`),
      totalLine(this.total),
    ];
  }

  get total(): Counts {
    const all = [...this.#suites.values()];
    const sum = (pick: keyof Counts): number => all.reduce((total, each) => total + each[pick], 0);
    return { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") };
  }

  #ended(data: Ended, error: Error | undefined): readonly string[] {
    const isWhole = isFile(data);
    if (isHeading(data, error) || (isWhole && error === undefined)) return [];
    // Where it is written, which may be a helper of the file that runs.
    const file = this.#nameOf(data.file);
    const reason = skipOf(data);
    if (reason !== undefined) {
      this.#current.skipped++;
      this.#skipped.push(`skipped: ${file} "${data.name}": ${reason}`);
      return [];
    }
    this.#current[error === undefined ? "passed" : "failed"]++;
    if (error === undefined) return [];
    const detail = failureOf(error, isWhole ? this.#stderr.get(file) : undefined);
    if (isWhole) this.#close(file);
    const title = isWhole ? "(the file itself)" : data.name;
    return [`  FAIL ${file} "${title}"`, detail.replace(/^/gm, "    ")];
  }

  #fileEnded({ file, counts, duration_ms, success }: DataOf<"test:summary">): readonly string[] {
    // Without a file it is of the whole run.
    if (file === undefined) return [];
    this.#close(this.#nameOf(file));
    const seconds = (duration_ms / 1000).toFixed(1);
    return [
      `${success ? "ok  " : "FAIL"} ${this.#nameOf(file)} (${counts.tests} tests, ${seconds} s)`,
    ];
  }

  /** What was counted since the last file is of this one. */
  #close(file: string): void {
    const { passed, failed, skipped } = this.#current;
    if (passed + failed + skipped > 0) this.#withTests.add(file);
    const suite = this.#suiteOf(file);
    suite.passed += passed;
    suite.failed += failed;
    suite.skipped += skipped;
    this.#current = { ...none };
    this.#stderr.delete(file);
  }

  #keep(file: string, text: string): void {
    this.#stderr.set(file, ((this.#stderr.get(file) ?? "") + text).slice(-8192));
  }

  #suiteOf(file: string): Counts {
    const name = suiteOf(file);
    const counts = this.#suites.get(name) ?? { ...none };
    this.#suites.set(name, counts);
    return counts;
  }

  #nameOf(file: string | undefined): string {
    return file === undefined ? "scripts" : relative(this.#root, file);
  }
}

function totalLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** Of the process that runs a file, not of a test in it. */
export function isFile({ name, file }: { readonly name: string; readonly file?: string }): boolean {
  return file !== undefined && (name === file || file.endsWith(`/${name}`));
}

/** A suite is a heading: it only counts when it was skipped whole or failed by itself, as when a hook throws. */
function isHeading(data: Ended, error: Error | undefined): boolean {
  if (data.details.type !== "suite" || skipOf(data) !== undefined) return false;
  return error === undefined || /^\d+ subtests? failed$/.test(error.message);
}

function skipOf({ skip, todo }: Ended): string | undefined {
  const mark = [skip, todo].find((each) => each !== undefined && each !== false);
  return mark === true ? "no reason given" : mark || undefined;
}

function failureOf(error: Error, stderr = ""): string {
  const cause: unknown = error.cause ?? error;
  const text = cause instanceof Error ? inspect(cause, { depth: 6 }) : String(cause);
  return `${text}\n${stderr}`.trimEnd();
}
