import type { RouteTable } from "@cocktail/route";
import { decisionsFor } from "../decisions.ts";
import type { MeshNames } from "../istio/names.ts";
import type { KubeObject, MeshService } from "../istio/objects.ts";
import { branchKeys, renderSubsets, renderUmbrella } from "../istio/umbrella.ts";
import { renderRegexDelegate } from "./delegate.ts";

/**
 * Like `renderTableForm`, without an EnvoyFilter: a route a variant. Agrees with `resolve` on canonical headers, so that it needs an edge
 * that writes them. Its cost grows with the number of variants.
 *
 * @throws UnsupportedService where this form can't express the chart's routes.
 */
export function renderRegexForm(
  service: MeshService,
  table: RouteTable,
  names: MeshNames,
): readonly KubeObject[] {
  const decisions = decisionsFor(table, service.name);
  return [
    renderUmbrella(service),
    renderSubsets(service, branchKeys(decisions), names),
    renderRegexDelegate(service, decisions, table, names),
  ];
}
