import type { RouteTable, TableContent, TableId } from "@cocktail/route";
import type { AppendOutcome, RouteTableStore } from "../route-table-store.ts";
import { TableHub } from "../table-hub.ts";
import type { Database } from "./database.ts";
import { PostgresTables } from "./postgres-tables.ts";

/** The route table in Postgres, with its newest version held in memory. */
export class PostgresTableStore implements RouteTableStore {
  readonly #database: Database;
  readonly #tables: PostgresTables;
  readonly #hub = new TableHub();

  constructor(
    database: Database,
    { schema, channel }: { readonly schema: string; readonly channel: string },
  ) {
    this.#database = database;
    this.#tables = new PostgresTables(schema, channel);
  }

  async head(): Promise<RouteTable> {
    for (;;) {
      const seen = this.#hub.current;
      const head = await this.#tables.head(this.#database, seen);
      if (this.#hub.replace(seen, head) === "replaced") return head;
    }
  }

  async append(expectedEpoch: number, content: TableContent): Promise<AppendOutcome> {
    const outcome = await this.#database.transaction((queries) =>
      this.#tables.append(queries, this.#hub.current, expectedEpoch, content),
    );
    if (outcome.kind === "appended") this.#hub.advance(outcome.table);
    return outcome;
  }

  at(epoch: number): Promise<RouteTable | undefined> {
    return this.#tables.at(this.#database, epoch);
  }

  watch(from: TableId | undefined, signal: AbortSignal): AsyncIterable<RouteTable> {
    return this.#hub.watch(from, signal);
  }

  prune(before: Date): Promise<number> {
    return this.#tables.prune(this.#database, before);
  }

  close(): void {
    this.#hub.close();
  }
}
