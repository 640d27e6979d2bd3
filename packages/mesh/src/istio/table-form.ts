import type { RouteTable } from "@cocktail/route";
import { decisionsFor } from "../decisions.ts";
import { renderDelegate } from "./delegate.ts";
import { renderFilters } from "./filter.ts";
import type { MeshNames } from "./names.ts";
import type { KubeObject, MeshService } from "./objects.ts";
import { branchKeys, renderSubsets, renderUmbrella } from "./umbrella.ts";

/**
 * Everything that routes one service by the table, in the order of writing: the clusters first, since a table that names a cluster which
 * a proxy doesn't know yet answers 503. `waiting` are keys that have a cluster and are not in the table: not yet, or no longer.
 *
 * @throws UnsupportedService where this form can't express the chart's routes.
 */
export function renderTableForm(
  service: MeshService,
  table: RouteTable,
  names: MeshNames,
  waiting: readonly string[] = [],
): readonly KubeObject[] {
  const decisions = decisionsFor(table, service.name);
  return [
    renderUmbrella(service),
    renderSubsets(service, [...branchKeys(decisions), ...waiting], names),
    renderDelegate(service, names),
    ...renderFilters(service, decisions, table, names),
  ];
}
