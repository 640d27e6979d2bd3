export { decisionsFor, type ServiceDecisions } from "./decisions.ts";
export { delegateRouteName, withDelegate } from "./istio/chart.ts";
export { WeightedRoute } from "./istio/filter.ts";
export { renderMeshFilter } from "./istio/mesh-filter.ts";
export { defaultMeshNames, type MeshNames } from "./istio/names.ts";
export type {
  DestinationRule,
  HttpRoute,
  KubeObject,
  MeshService,
  VirtualService,
} from "./istio/objects.ts";
export { renderTableForm } from "./istio/table-form.ts";
export { type Clusters, renderLua } from "./lua/render.ts";
