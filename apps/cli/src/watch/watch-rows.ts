import { setTimeout as delay } from "node:timers/promises";
import type { CocktailClient } from "@cocktail/client";
import { printableJson } from "@cocktail/client/printable";
import { isRetryable } from "../cocktail/api-errors.ts";
import type { Context } from "../command/context.ts";
import type { OutputFormat } from "../command/output-format.ts";
import type { ExitCode } from "../exit-code.ts";
import { Failure, usageFailure } from "../failure.ts";
import { layout } from "../output/layout.ts";
import { coloured, plain } from "../output/paint.ts";
import type { Block } from "../output/view.ts";
import { RowChanges } from "./row-changes.ts";
import { flag } from "../command/option.ts";

/** The table of named items that a command shows under `--watch`. */
export interface Rows<T extends { readonly name: string }> {
  read(api: CocktailClient, signal: AbortSignal): Promise<readonly T[]>;
  table(items: readonly T[], now: number): Block;
}

/** The `--watch` option. */
export const watchOption = {
  watch: flag("print each change until Ctrl-C", { short: "-w" }),
} as const;

/** Changes within this time are printed together. */
const settleMs = 100;
/** A restarting control plane is back within this time; a stopped one is not. */
const outageToleranceMs = 20_000;
const retryMs = 500;

/**
 * Prints the table and then each changed row, until Ctrl-C; under `-o json` one line for each change. Continues after a
 * restart of the control plane; throws if it does not come back.
 */
export async function watchRows<T extends { readonly name: string }>(
  context: Context,
  rows: Rows<T>,
): Promise<ExitCode> {
  refuseUnstreamed(context.format);
  const print = printer(context, rows);
  const outage = new OutageTracker(() =>
    context.progress.warn("lost the connection to the control plane; reconnecting"),
  );
  for (;;) {
    try {
      const { api } = await context.connect();
      await follow(api, context.signal, async () => {
        await print(await rows.read(api, context.signal));
        outage.succeeded();
      });
    } catch (error) {
      const reason: unknown = context.signal.reason;
      // Ctrl-C is the normal end of watching.
      if (reason instanceof Failure) return reason.exitCode;
      await outage.failed(error);
    }
    await delay(retryMs, undefined, { signal: context.signal }).catch(() => undefined);
  }
}

/** Throws for a format in which nothing can follow what was printed. */
export function refuseUnstreamed(format: OutputFormat): void {
  if (format === "yaml" || format === "name")
    throw usageFailure(`--watch does not support -o ${format}`, "use -o table, wide or json");
}

/** Tolerates an outage only after a first success: a control plane that never responded is an error. */
class OutageTracker {
  readonly #onLost: () => void;
  #hasSucceeded = false;
  #lostAt: number | undefined;

  constructor(onLost: () => void) {
    this.#onLost = onLost;
  }

  succeeded(): void {
    this.#hasSucceeded = true;
    this.#lostAt = undefined;
  }

  /** Throws the error if it is permanent, or if the outage lasts too long. */
  async failed(error: unknown): Promise<void> {
    if (!this.#hasSucceeded || !(await isRetryable(error))) throw error;
    if (this.#lostAt === undefined) this.#onLost();
    this.#lostAt ??= performance.now();
    if (performance.now() - this.#lostAt > outageToleranceMs) throw error;
  }
}

/** Calls `refresh` at the start and after changes, never concurrently. Ends with the connection. */
async function follow(
  api: CocktailClient,
  signal: AbortSignal,
  refresh: () => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  let isDue = false;
  let wake = (): void => undefined;
  const stream = (async () => {
    // The first event confirms the subscription: no later change is missed.
    for await (const _ of api.watch({ signal: both })) {
      isDue = true;
      wake();
    }
  })();
  const over = stream.then(
    () => "over" as const,
    () => "over" as const,
  );
  try {
    for (;;) {
      const next = new Promise<"due">((resolve) => (wake = () => resolve("due")));
      if (!isDue && (await Promise.race([next, over])) === "over") break;
      isDue = false;
      await refresh();
      await Promise.race([delay(settleMs), over]);
    }
    await stream;
  } finally {
    stop.abort();
    await over;
  }
}

type Print<T> = (items: readonly T[]) => Promise<void>;

function printer<T extends { readonly name: string }>(context: Context, rows: Rows<T>): Print<T> {
  return context.format === "json" ? jsonPrinter(context) : tablePrinter(context, rows);
}

function jsonPrinter<T extends { readonly name: string }>({ write }: Context): Print<T> {
  const changes = new RowChanges();
  // The epoch changes with every table; that alone is not a change of the item.
  const shown = (item: T): string =>
    JSON.stringify(item, (key, value: unknown) => (key === "epoch" ? undefined : value));
  return async (items) => {
    for (const each of changes.next(items.map((item) => [item.name, shown(item)]))) {
      const event = each.change === "put" ? { change: "put", item: items[each.index] } : each;
      await write(`${printableJson(event)}\n`);
    }
  };
}

function tablePrinter<T extends { readonly name: string }>(
  { format, colour, now, write }: Context,
  { table }: Rows<T>,
): Print<T> {
  const changes = new RowChanges();
  const paint = colour ? coloured : plain;
  const linesAt = (items: readonly T[], time: number): readonly string[] =>
    layout([table(items, time)], paint, format === "wide")
      .trimEnd()
      .split("\n");
  let hasHead = false;
  return async (items) => {
    // Growing ages and column widths are not changes.
    const still = linesAt(items, 0).map((line) => line.replace(/\s+/g, " "));
    const changed = changes.next(items.map(({ name }, at) => [name, still[at + 1] ?? ""]));
    const [head = "", ...lines] = linesAt(items, now());
    const printed = changed.map((each) =>
      each.change === "put"
        ? (lines[each.index] ?? "")
        : paint({ text: `${each.name}  deleted`, tone: "dim" }),
    );
    if (!hasHead && (items.length > 0 || changed.length === 0)) printed.unshift(head);
    hasHead ||= items.length > 0;
    if (printed.length > 0) await write(`${printed.join("\n")}\n`);
  };
}
