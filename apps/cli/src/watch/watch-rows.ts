import { setTimeout as delay } from "node:timers/promises";
import type { CocktailClient } from "@cocktail/client";
import { mayPass } from "../cocktail/api-errors.ts";
import type { Context } from "../command/context.ts";
import type { ExitCode } from "../exit-code.ts";
import { Failure, usageFailure } from "../failure.ts";
import { layout } from "../output/layout.ts";
import { coloured, plain } from "../output/paint.ts";
import type { Block } from "../output/view.ts";
import { RowChanges } from "./row-changes.ts";
import { flag } from "../command/option.ts";

/** What a command shows under `--watch`: a table of named items. */
export interface Rows<T extends { readonly name: string }> {
  read(api: CocktailClient, signal: AbortSignal): Promise<readonly T[]>;
  table(items: readonly T[], now: number): Block;
}

/** For the options of a command. */
export const watchOption = {
  watch: flag("then print each change until Ctrl-C", { short: "-w" }),
} as const;

/** What happens within so short a time is printed once. */
const settleMs = 100;
/** A control plane that restarts is back within this time; one that is stopped is not. */
const patienceMs = 20_000;
const retryMs = 500;

/**
 * Prints the table and then each row that changes, until Ctrl-C; under `-o json` a line for each change. Goes on where a control
 * plane comes back; throws where it doesn't.
 */
export async function watchRows<T extends { readonly name: string }>(
  context: Context,
  rows: Rows<T>,
): Promise<ExitCode> {
  if (context.format === "yaml" || context.format === "name") {
    throw usageFailure(`--watch has no -o ${context.format}`, "use -o table, wide or json");
  }
  const print = printer(context, rows);
  const patience = new Patience(() =>
    context.progress.warn("the control plane is away; waiting for it"),
  );
  for (;;) {
    try {
      const { api } = await context.connect();
      await follow(api, context.signal, async () => {
        await print(await rows.read(api, context.signal));
        patience.succeeded();
      });
    } catch (error) {
      const reason: unknown = context.signal.reason;
      // Ctrl-C is how watching ends: nothing to complain about.
      if (reason instanceof Failure) return reason.exitCode;
      await patience.failed(error);
    }
    await delay(retryMs, undefined, { signal: context.signal }).catch(() => undefined);
  }
}

/** For who was there before: a control plane that never answered is not waited for. */
class Patience {
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

  /** Throws the error where it does not pass by itself, or has lasted too long. */
  async failed(error: unknown): Promise<void> {
    const mayEnd = (error instanceof Failure && error.retryable) || (await mayPass(error));
    if (!this.#hasSucceeded || !mayEnd) throw error;
    if (this.#lostAt === undefined) this.#onLost();
    this.#lostAt ??= performance.now();
    if (performance.now() - this.#lostAt > patienceMs) throw error;
  }
}

/** Calls once at the beginning and after changes, never twice at a time. Ends with the connection. */
async function follow(
  api: CocktailClient,
  signal: AbortSignal,
  refresh: () => Promise<void>,
): Promise<void> {
  const left = new AbortController();
  const both = AbortSignal.any([signal, left.signal]);
  let isDue = false;
  let wake = (): void => undefined;
  const ended = (async () => {
    // The first event says that nothing is missed from here on.
    for await (const _ of api.watch({ signal: both })) {
      isDue = true;
      wake();
    }
  })();
  const over = ended.then(
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
    await ended;
  } finally {
    left.abort();
    await over;
  }
}

type Print<T> = (items: readonly T[]) => Promise<void>;

function printer<T extends { readonly name: string }>(context: Context, rows: Rows<T>): Print<T> {
  return context.format === "json" ? jsonPrinter(context) : tablePrinter(context, rows);
}

function jsonPrinter<T extends { readonly name: string }>({ write }: Context): Print<T> {
  const changes = new RowChanges();
  // Every table has another epoch; that alone is no change of an item.
  const shown = (item: T): string =>
    JSON.stringify(item, (key, value: unknown) => (key === "epoch" ? undefined : value));
  return async (items) => {
    for (const each of changes.next(items.map((item) => [item.name, shown(item)]))) {
      const event = each.change === "put" ? { change: "put", item: items[each.index] } : each;
      await write(`${JSON.stringify(event)}\n`);
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
    // Ages grow and columns get wider: neither is a change.
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
