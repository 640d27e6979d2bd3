import {
  canonical,
  decisionsFor,
  type KubeObject,
  type MeshNames,
  type MeshService,
  renderTableForm,
} from "@cocktail/mesh";
import { formatTableId, type RouteTable, type TableId } from "@cocktail/route";

/** What is needed to render the routes of a service. */
export interface RoutesInput {
  readonly service: MeshService;
  readonly table: RouteTable;
  /** Keys that have a cluster, in the table or not. */
  readonly waiting: readonly string[];
  readonly names: MeshNames;
}

/**
 * The objects that route a service by a table, in the order of writing. `marked` is what they say of themselves: the table in which the decisions
 * of this service last changed, so that the other tables leave its objects as they are.
 *
 * @throws UnsupportedService where the chart's routes can't be expressed.
 */
export function renderRoutes(
  { service, table, waiting, names }: RoutesInput,
  marked: TableId,
): readonly KubeObject[] {
  const { epoch, tag } = marked;
  return renderTableForm(service, { ...table, epoch, tag }, names, waiting);
}

/** Equal for two tables that decide alike for the service. */
export function decisionsText(table: RouteTable, service: string): string {
  return JSON.stringify(decisionsFor(table, service));
}

/** How the Lua text of a service begins, which proxies that route by it have. Services that changed in one epoch have the same first line. */
export function markerOf(service: string, table: TableId): string {
  return `-- table ${formatTableId(table)}\nlocal PREFIX="${service}:"`;
}

/**
 * The table that the filters in the cluster are marked with, if they are exactly those of this table: another leader may have appended a
 * table and ended before it wrote the routes, and then the marker must be a new one.
 */
export function adoptedTable(input: RoutesInput, filters: readonly unknown[]): TableId | undefined {
  const found = filters.map(canonical).toSorted();
  const marked = markedTable(input.service.name, found.join(""));
  if (marked === undefined) return undefined;
  const wanted = renderRoutes(input, marked)
    .filter(({ kind }) => kind === "EnvoyFilter")
    .map(({ spec }) => canonical(spec));
  return canonical(wanted.toSorted()) === canonical(found) ? marked : undefined;
}

/** From the JSON of filters. */
function markedTable(service: string, json: string): TableId | undefined {
  const prefix = JSON.stringify(`\nlocal PREFIX="${service}:"`).slice(1, -1);
  const end = json.indexOf(prefix);
  const before = json.slice(Math.max(end - 60, 0), Math.max(end, 0));
  const [, epoch, tag] = /-- table (\d{1,15})-([0-9a-f]{8})$/.exec(before) ?? [];
  return epoch === undefined || tag === undefined ? undefined : { epoch: Number(epoch), tag };
}
