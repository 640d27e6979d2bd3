export { type ResourceKind } from "./messages.ts";
export { Snapshot } from "./snapshot.ts";
export { XdsWatch, type XdsWatchOptions } from "./xds-watch.ts";
