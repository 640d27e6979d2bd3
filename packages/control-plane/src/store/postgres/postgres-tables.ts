import {
  canonicalTable,
  readTable,
  type RouteTable,
  type TableContent,
  type TableId,
} from "@cocktail/route";
import { z } from "zod";
import { exactly } from "../../schema/exactly.ts";
import { storeCorrupt } from "../../errors.ts";
import { followingTable } from "../next-table.ts";
import type { AppendOutcome } from "../route-table-store.ts";
import { diffTables } from "../table-change.ts";
import type { Queries } from "./database.ts";
import { type TableStatements, tableStatements } from "./table-statements.ts";

interface Version extends TableId {
  readonly historyFloor: number;
}
const version = exactly<Version>()(
  z.object({ epoch: z.number(), tag: z.string(), historyFloor: z.number() }),
);

interface DocumentRow {
  readonly document: unknown;
}

/** Reads and writes route tables. Knows nothing of connections. */
export class PostgresTables {
  readonly #statements: TableStatements;
  readonly #channel: string;

  constructor(schema: string, channel: string) {
    this.#statements = tableStatements(schema);
    this.#channel = channel;
  }

  /** `held` is answered again where it still is the head: the usual case, and it needs one row. */
  async head(queries: Queries, held: RouteTable | undefined): Promise<RouteTable> {
    if (held !== undefined) {
      const current = await this.#version(queries, this.#statements.version);
      if (isTableOf(held, current)) return withFloor(held, current.historyFloor);
    }
    const table = await this.#table(queries, this.#statements.head, []);
    if (table === undefined) throw storeCorrupt("the head of the route table is missing");
    return table;
  }

  at(queries: Queries, epoch: number): Promise<RouteTable | undefined> {
    if (!Number.isSafeInteger(epoch) || epoch < 0) return Promise.resolve(undefined);
    return this.#table(queries, this.#statements.at, [epoch]);
  }

  /** Within a transaction: the row of the head stays locked to its end, and so orders all writers. */
  async append(
    queries: Queries,
    held: RouteTable | undefined,
    expectedEpoch: number,
    content: TableContent,
  ): Promise<AppendOutcome> {
    const current = await this.#version(queries, this.#statements.lockHead);
    const head =
      held !== undefined && isTableOf(held, current)
        ? withFloor(held, current.historyFloor)
        : await this.head(queries, undefined);
    if (head.epoch !== expectedEpoch) return { kind: "conflict", head };
    if (canonicalTable(head) === canonicalTable(content)) return { kind: "unchanged", table: head };
    const table = followingTable(head, content);
    await this.#write(queries, head, table);
    return { kind: "appended", table };
  }

  async prune(queries: Queries, before: Date): Promise<number> {
    const rows = await queries.rows<DocumentRow>(this.#statements.prune, [before]);
    return z.number().parse(documentOf(rows));
  }

  async #write(queries: Queries, head: RouteTable, table: RouteTable): Promise<void> {
    const change = diffTables(head, table);
    const steps = [
      [this.#statements.endVariants, change.endedVariants],
      [this.#statements.beginVariants, change.begunVariants],
      [this.#statements.endEnvironments, change.endedEnvironments],
      [this.#statements.beginEnvironments, change.begunEnvironments],
    ] as const;
    for (const [statement, entries] of steps) {
      if (entries.length > 0) await queries.rows(statement, [table.epoch, JSON.stringify(entries)]);
    }
    await queries.rows(this.#statements.advance, [table.epoch, table.tag, this.#channel]);
  }

  async #version(queries: Queries, statement: string): Promise<Version> {
    return version.parse(documentOf(await queries.rows<DocumentRow>(statement)));
  }

  async #table(
    queries: Queries,
    statement: string,
    values: readonly unknown[],
  ): Promise<RouteTable | undefined> {
    const [row] = await queries.rows<DocumentRow>(statement, values);
    if (row === undefined) return undefined;
    const reading = readTable(row.document);
    if (reading.ok) return reading.table;
    const { path, message } = reading.fault;
    throw storeCorrupt(`a stored route table can't be read: ${path} ${message}`);
  }
}

function isTableOf(table: RouteTable, version: Version): boolean {
  return table.epoch === version.epoch && table.tag === version.tag;
}

function withFloor(table: RouteTable, historyFloor: number): RouteTable {
  return table.historyFloor === historyFloor ? table : { ...table, historyFloor };
}

/** The one document of a statement that always gives one. */
function documentOf(rows: readonly DocumentRow[]): unknown {
  const [row] = rows;
  if (row === undefined) throw storeCorrupt("the head of the route table is missing");
  return row.document;
}
