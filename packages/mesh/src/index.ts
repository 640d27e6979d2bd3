// For whoever reads objects that people wrote.
export { canonical, type Fields, fieldsOf, isFields, listOf } from "./fields.ts";
export { decisionsFor, type ServiceDecisions } from "./decisions.ts";
export { delegateRouteName, withDelegate } from "./istio/chart.ts";
export {
  findServices,
  type FoundServices,
  hasDelegateLine,
  isVirtualService,
} from "./istio/find-services.ts";
export { renderMeshFilter } from "./istio/mesh-filter.ts";
export {
  defaultMeshNames,
  fullHost,
  type MeshNames,
  managedLabels,
  serviceLabel,
  variantLabel,
} from "./istio/names.ts";
export type {
  DestinationRule,
  HttpRoute,
  KubeObject,
  MeshService,
  VirtualService,
} from "./istio/objects.ts";
export { renderTableForm } from "./istio/table-form.ts";
export { variantClusters } from "./istio/umbrella.ts";
export { UnsupportedService, type UnsupportedReason } from "./istio/unsupported.ts";
export { type Clusters, renderLua } from "./lua/render.ts";
export { type MergeFault, type MergeReason, mergeReasons } from "./merge/fault.ts";
export { isMergeTarget, ledgerAnnotation, recordedOwners, wasWiped } from "./merge/ledger.ts";
export { merge, unmerge } from "./merge/merge.ts";
export { ownerText } from "./merge/prepare.ts";
export { legacyFinalizer, mergeGroups } from "./merge/route-names.ts";
export type {
  EffectiveRoute,
  MergeFacts,
  MergeOptions,
  MergeResult,
  Patch,
  PatchOwner,
  RawVirtualService,
  ServiceFacts,
} from "./merge/types.ts";
export { renderRegexForm } from "./regex/regex-form.ts";
export { renderGammaForm } from "./gamma/gamma-form.ts";
export type { GammaService, HttpRouteObject } from "./gamma/objects.ts";
export { type Finding, type FindingReason, formatObject } from "./lint/finding.ts";
export { lint, type LintOptions } from "./lint/lint.ts";
export { isHttpPort } from "./lint/service.ts";
