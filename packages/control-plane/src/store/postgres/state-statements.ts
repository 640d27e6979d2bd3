import type { KeyCounter, StateChange } from "@cocktail/environment";

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** The statements about the stored state. `schema` is a plain identifier: see `compilePostgresOptions`. */
export class StateStatements {
  readonly #schema: string;

  constructor(schema: string) {
    this.#schema = schema;
  }

  /** Orders the writers: each waits for the end of the one before. */
  get lock(): string {
    return `UPDATE ${this.#schema}.state_head SET revision = revision + 1`;
  }

  /** Everything in one row, so in one snapshot. */
  get load(): string {
    const all = (table: string): string =>
      `(SELECT coalesce(jsonb_agg(document), '[]') FROM ${this.#schema}.${table})`;
    return `SELECT ${all("service")} AS services, ${all("variant")} AS variants,
      ${all("environment")} AS environments, ${all("incarnation")} AS incarnations,
      (SELECT coalesce(jsonb_agg(to_jsonb(c)), '[]') FROM ${this.#schema}.key_counter c) AS counters`;
  }

  of(change: StateChange): readonly Statement[] {
    const { table, identity, document, counter } = rowOf(change);
    if (document === undefined) return [this.#remove(table, identity)];
    const put = this.#put(table, identity, document);
    return counter === undefined ? [put] : [put, this.#raise(counter)];
  }

  #put(table: string, identity: Readonly<Record<string, unknown>>, document: object): Statement {
    const columns = Object.keys(identity);
    const places = columns.map((_, at) => `$${at + 1}`);
    return {
      text: `INSERT INTO ${this.#schema}.${table} (${columns.join(", ")}, document)
        VALUES (${places.join(", ")}, $${columns.length + 1})
        ON CONFLICT (${columns.join(", ")}) DO UPDATE SET document = excluded.document`,
      values: [...Object.values(identity), JSON.stringify(document)],
    };
  }

  #remove(table: string, identity: Readonly<Record<string, unknown>>): Statement {
    const tests = Object.keys(identity).map((column, at) => `${column} = $${at + 1}`);
    return {
      text: `DELETE FROM ${this.#schema}.${table} WHERE ${tests.join(" AND ")}`,
      values: Object.values(identity),
    };
  }

  #raise({ service, key, generation, incarnation }: KeyCounter): Statement {
    return {
      text: `INSERT INTO ${this.#schema}.key_counter AS c (service, key, generation, incarnation)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (service, key) DO UPDATE SET
          generation = greatest(c.generation, excluded.generation),
          incarnation = greatest(c.incarnation, excluded.incarnation)`,
      values: [service, key, generation, incarnation],
    };
  }
}

/** What a change means for the tables: a row to put, or, without a document, to remove. */
interface Row {
  readonly table: string;
  readonly identity: Readonly<Record<string, string | number>>;
  readonly document?: object;
  readonly counter?: KeyCounter;
}

function rowOf(change: StateChange): Row {
  switch (change.kind) {
    case "PutService": {
      const document = change.service;
      return { table: "service", identity: { name: document.name }, document };
    }
    case "RemoveService":
      return { table: "service", identity: { name: change.name } };
    case "PutVariant": {
      const document = change.variant;
      const { service, key, generation } = document;
      const counter = { service, key, generation, incarnation: 0 };
      return { table: "variant", identity: { service, key }, document, counter };
    }
    case "RemoveVariant":
      return { table: "variant", identity: { service: change.service, key: change.key } };
    case "PutEnvironment": {
      const document = change.environment;
      return { table: "environment", identity: { name: document.name }, document };
    }
    case "RemoveEnvironment":
      return { table: "environment", identity: { name: change.name } };
    case "PutIncarnation": {
      const document = change.incarnation;
      const { service, key, number } = document;
      const counter = { service, key, generation: 0, incarnation: number };
      return { table: "incarnation", identity: { service, key, number }, document, counter };
    }
    case "RemoveIncarnation": {
      const { service, key, number } = change;
      return { table: "incarnation", identity: { service, key, number } };
    }
    default:
      return change satisfies never;
  }
}
