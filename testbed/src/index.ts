export { type Answer, type Order } from "../app/calls.ts";
export {
  appPort,
  type AppOptions,
  deployment,
  meshNamespace,
  service,
  type TestObject,
} from "./cluster/apps.ts";
export { xds } from "./inside/addresses.ts";
export { type AuditedRequest, auditedRequests } from "./cluster/audit.ts";
export { type Cluster, connect, isOwnCluster, type TestPod } from "./cluster/cluster.ts";
export { type Image, type ImageFile, writeImage } from "./images/image.ts";
