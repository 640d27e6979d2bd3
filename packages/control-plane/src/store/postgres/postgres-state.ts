import type { StateChange, StoredState } from "@cocktail/environment";
import type { z } from "zod";
import { StoreCorrupt } from "../errors.ts";
import {
  counterDocument,
  environmentDocument,
  incarnationDocument,
  serviceDocument,
  variantDocument,
} from "../state-documents.ts";
import type { Queries } from "./database.ts";
import { StateStatements } from "./state-statements.ts";

/** Reads and writes the stored state. Knows nothing of connections. */
export class PostgresState {
  readonly #statements: StateStatements;

  constructor(schema: string) {
    this.#statements = new StateStatements(schema);
  }

  async load(queries: Queries): Promise<StoredState> {
    const [row = {}] = await queries.rows<Record<string, unknown>>(this.#statements.load);
    return {
      services: parseAll(serviceDocument, row["services"], "service"),
      variants: parseAll(variantDocument, row["variants"], "variant"),
      environments: parseAll(environmentDocument, row["environments"], "environment"),
      incarnations: parseAll(incarnationDocument, row["incarnations"], "incarnation"),
      counters: parseAll(counterDocument, row["counters"], "key_counter"),
    };
  }

  /** Within a transaction. */
  async write(queries: Queries, changes: readonly StateChange[]): Promise<void> {
    await queries.rows(this.#statements.lock);
    for (const change of changes) {
      for (const { text, values } of this.#statements.of(change)) await queries.rows(text, values);
    }
  }
}

function parseAll<S extends z.ZodType>(
  schema: S,
  documents: unknown,
  table: string,
): z.output<S>[] {
  const list: readonly unknown[] = Array.isArray(documents) ? documents : [];
  return list.map((document) => {
    const result = schema.safeParse(document);
    if (result.success) return result.data;
    const { path, message } = result.error.issues[0] ?? { path: [], message: "unknown" };
    const name = JSON.stringify(document).slice(0, 120);
    throw new StoreCorrupt(
      `a row of ${table} was not written by this version: ${path.join(".")}: ${message} in ${name}`,
    );
  });
}
