import type { RouteTable } from "@cocktail/route";
import { decisionsFor } from "../decisions.ts";
import { renderDelegate } from "./delegate.ts";
import { renderFilters } from "./filter.ts";
import type { MeshNames } from "./names.ts";
import type { KubeObject, MeshService } from "./objects.ts";
import { renderSubsets, renderUmbrella } from "./umbrella.ts";

/**
 * Everything that routes one service by the table, in the order of writing: the clusters first, since a table that names a cluster which
 * a proxy doesn't know yet answers 503.
 *
 * @throws UnsupportedService where this form can't express the chart's routes.
 */
export function renderTableForm(
  service: MeshService,
  table: RouteTable,
  names: MeshNames,
): readonly KubeObject[] {
  const decisions = decisionsFor(table, service.name);
  return [
    renderUmbrella(service),
    renderSubsets(service, decisions, names),
    renderDelegate(service, names),
    ...renderFilters(service, decisions, table, names),
  ];
}
