export { type Answer, type Order } from "../app/calls.ts";
export {
  appPort,
  type AppOptions,
  deployment,
  meshNamespace,
  service,
  type TestObject,
} from "./cluster/apps.ts";
export { type Cluster, connect, type TestPod } from "./cluster/cluster.ts";
export { type Image, type ImageFile, writeImage } from "./images/image.ts";
