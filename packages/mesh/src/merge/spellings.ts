import { type Fields, fieldsOf, isFields, textsOf, without } from "../fields.ts";
import type { Reporter } from "./fault.ts";

/** A route with the field names of today: those of Istio 1.12 and before are accepted, and reported. */
export function withNewSpellings(route: Fields, report: Reporter): Fields {
  return renames.reduce((before, { old, fresh, change }) => {
    const after = change(before);
    if (after === undefined) return before;
    report.warn("OldSpelling", `${old} is an old spelling: write ${fresh}.`);
    return after;
  }, route);
}

interface Rename {
  readonly old: string;
  readonly fresh: string;
  /** Undefined where the route doesn't have the old spelling. */
  readonly change: (route: Fields) => Fields | undefined;
}

const percentOf =
  (old: string) =>
  (route: Fields): Fields | undefined => {
    const value = route[old];
    if (value === undefined) return undefined;
    return { mirrorPercentage: { value }, ...without(route, old) };
  };

const faultPercent =
  (kind: string) =>
  (route: Fields): Fields | undefined => {
    const fault = fieldsOf(route["fault"]);
    const injected = fault[kind];
    if (!isFields(injected) || injected["percent"] === undefined) return undefined;
    const changed = {
      percentage: { value: injected["percent"] },
      ...without(injected, "percent"),
    };
    return { ...route, fault: { ...fault, [kind]: changed } };
  };

const renames: readonly Rename[] = [
  {
    old: "mirror_percent",
    fresh: "mirrorPercentage.value",
    change: percentOf("mirror_percent"),
  },
  { old: "mirrorPercent", fresh: "mirrorPercentage.value", change: percentOf("mirrorPercent") },
  {
    old: "corsPolicy.allowOrigin",
    fresh: "corsPolicy.allowOrigins",
    change: (route) => {
      const policy = fieldsOf(route["corsPolicy"]);
      if (policy["allowOrigin"] === undefined) return undefined;
      const allowOrigins = textsOf(policy["allowOrigin"]).map((origin) =>
        origin === "*" ? { regex: ".*" } : { exact: origin },
      );
      return { ...route, corsPolicy: { allowOrigins, ...without(policy, "allowOrigin") } };
    },
  },
  {
    old: "fault.delay.percent",
    fresh: "fault.delay.percentage.value",
    change: faultPercent("delay"),
  },
  {
    old: "fault.abort.percent",
    fresh: "fault.abort.percentage.value",
    change: faultPercent("abort"),
  },
];
