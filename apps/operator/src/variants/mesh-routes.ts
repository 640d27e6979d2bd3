import {
  decisionsFor,
  defaultMeshNames,
  type KubeObject,
  type MeshNames,
  type MeshService,
  renderTableForm,
} from "@cocktail/mesh";
import { formatTableId, type RouteTable, type TableId } from "@cocktail/route";

/** What routes one service, as it is to be written. */
export interface MeshRoutes {
  /** In the order of writing. */
  readonly objects: readonly KubeObject[];
  /** What proxies that route by it have in their routes, byte for byte. */
  readonly marker: string;
  /** The table of the marker: the one in which the decisions of this service last changed, so that others leave its objects as they are. */
  readonly table: TableId;
}

/**
 * @param before the table whose marker the service has now; kept if the decisions are still the same.
 * @throws UnsupportedService where the chart's routes can't be expressed.
 */
export function renderMeshRoutes(
  service: MeshService,
  table: RouteTable,
  given: {
    readonly before: { readonly table: TableId; readonly decisions: string } | undefined;
    readonly waiting: readonly string[];
    readonly names?: MeshNames;
  },
): MeshRoutes {
  const { before, waiting, names = defaultMeshNames } = given;
  const isSame = before?.decisions === decisionsText(table, service.name);
  const id = isSame ? before.table : table;
  const marked = { ...table, epoch: id.epoch, tag: id.tag };
  return {
    objects: renderTableForm(service, marked, names, waiting),
    marker: markerOf(service.name, id),
    table: { epoch: id.epoch, tag: id.tag },
  };
}

/** Equal for two tables that decide alike for the service. */
export function decisionsText(table: RouteTable, service: string): string {
  return JSON.stringify(decisionsFor(table, service));
}

/** How the Lua text of a service begins. Services that changed in one epoch have the same first line. */
export function markerOf(service: string, table: TableId): string {
  return `-- table ${formatTableId(table)}\nlocal PREFIX="${service}:"`;
}

/** The table of the filters that are in the cluster, if they are of this service. */
export function markedTable(service: string, filter: unknown): TableId | undefined {
  const text = JSON.stringify(filter ?? "");
  const prefix = JSON.stringify(`\nlocal PREFIX="${service}:"`).slice(1, -1);
  const end = text.indexOf(prefix);
  const found = /-- table (\d{1,15})-([0-9a-f]{8})$/.exec(
    text.slice(0, Math.max(end, 0)).slice(-60),
  );
  if (found === null) return undefined;
  const [, epoch = "", tag = ""] = found;
  return { epoch: Number(epoch), tag };
}
