export { canRead } from "./stranger.ts";
export { until, type UntilOptions } from "./until.ts";
