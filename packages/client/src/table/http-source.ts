import { formatTableId, readTable, type RouteTable, type TableId } from "@cocktail/route";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import type { CocktailClient } from "../client.ts";
import type { TableEvent, TableSource } from "./source.ts";

export interface HttpTableSourceOptions {
  /** Characters of one event, as it is sent; a longer one ends the connection. Default 32 Mi. */
  readonly maxEventLength?: number | undefined;
}

const defaultMaxEventLength = 32 * 1024 * 1024;
/** Heartbeats: they belong to no event, and there may be any number of them before the next. */
const onlyComments = /^(?::[^\r\n]*[\r\n]+)*$/;

/** The route table of a control plane, over HTTP: `GET /v1/route-table` and its stream of server-sent events. */
export function httpTableSource(
  client: Pick<CocktailClient, "routeTable" | "tableEvents">,
  options: HttpTableSourceOptions = {},
): TableSource {
  const maxEventLength = options.maxEventLength ?? defaultMaxEventLength;
  return {
    head: (signal) => client.routeTable(undefined, { signal }),
    stream: (from, signal) => streamTables(client, from, { signal, maxEventLength }),
  };
}

interface StreamOptions {
  readonly signal: AbortSignal;
  readonly maxEventLength: number;
}

async function* streamTables(
  client: Pick<CocktailClient, "tableEvents">,
  from: TableId | undefined,
  { signal, maxEventLength }: StreamOptions,
): AsyncGenerator<TableEvent, void, undefined> {
  const id = from === undefined ? undefined : formatTableId(from);
  const body = await client.tableEvents(id, { signal });
  yield { kind: "alive" };

  const decoder = new TextDecoder();
  const events: EventSourceMessage[] = [];
  // Since the last whole event. The parser's own limit leaves out what each line of data costs.
  let length = 0;
  const onEvent = (event: EventSourceMessage): void => {
    length = 0;
    events.push(event);
  };
  const parser = createParser({ onEvent });
  for await (const chunk of body) {
    const text = decoder.decode(chunk, { stream: true });
    if (!onlyComments.test(text)) length += text.length;
    parser.feed(text);
    if (length > maxEventLength)
      throw new RangeError(`an event is longer than ${maxEventLength} characters`);
    // Bytes of any kind, a comment among them, are a sign of life.
    yield { kind: "alive" };
    for (const event of events.splice(0)) {
      if (event.event === "table") yield { kind: "table", table: tableOf(event) };
    }
  }
}

function tableOf(event: EventSourceMessage): RouteTable {
  let document: unknown;
  try {
    document = JSON.parse(event.data);
  } catch (error) {
    throw new TypeError("an event of the route table is not JSON", { cause: error });
  }
  const reading = readTable(document);
  if (reading.ok) return reading.table;
  const { path, message } = reading.fault;
  throw new TypeError(`an event is not a route table: ${path === "" ? "it" : path} ${message}`);
}
