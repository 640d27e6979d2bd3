/** Header names, lower case. They are configurable; the grammar of the values is not. */
export interface HeaderNames {
  readonly pins: string;
  readonly environment: string;
  readonly mode: string;
  readonly trace: string;
  readonly served: string;
}

export const defaultHeaderNames: HeaderNames = Object.freeze({
  pins: "x-service-route",
  environment: "x-source-route",
  mode: "x-route-mode",
  trace: "x-route-trace",
  served: "x-route-served",
});
