import {
  defaultHeaderNames,
  formatTableId,
  type HeaderNames,
  isKey,
  isServiceName,
  type TableId,
} from "@cocktail/route";
import type { ServiceDecisions } from "../decisions.ts";
import { engine } from "./engine.ts";

/** The Envoy clusters that the answers of one service and port go to. */
export interface Clusters {
  readonly of: (key: string) => string;
  /** Where stable's requests are divided: its clusters, each with a whole number as its weight. */
  readonly split?: readonly { readonly cluster: string; readonly weight: number }[];
  /** For a service that has no stable variant. No such cluster exists: Envoy answers 503. */
  readonly none: string;
  /** An existing cluster without endpoints, whose failure the mesh filter turns into 424. */
  readonly strict: string;
}

/**
 * The Lua text by which Envoy chooses a cluster: the decisions as data before a constant engine. Two texts are equal exactly if they decide
 * alike for the same table. A text that fails to load would stop all route changes of the port, so only validated names get into it.
 *
 * @throws RangeError for a name that is no service, key or header name: the caller's table is not a valid one.
 */
export function renderLua(
  decisions: ServiceDecisions,
  table: TableId,
  clusters: Clusters,
  names: HeaderNames = defaultHeaderNames,
): string {
  const { service, live, environments, missing } = decisions;
  const entries = (pairs: readonly (readonly [string, string])[]): string =>
    pairs.map(([name, value]) => `[${quote(checkKey(name))}]=${value}`).join(",");
  const headers = [names.pins, names.environment, names.mode].map((name) =>
    quote(check(name, isHeaderName(name), "header name")),
  );
  return [
    `-- table ${formatTableId(table)}`,
    `local PREFIX=${quote(`${check(service, isServiceName(service), "service")}:`)}`,
    `local NAMES={${headers.join(",")}}`,
    `local V={${entries(live.map((key) => [key, quote(clusters.of(key))]))}}`,
    `local E={${entries(environments.map(([name, key]) => [name, quote(checkKey(key))]))}}`,
    `local M={${entries(missing.map((name) => [name, "true"]))}}`,
    `local SPLIT={${(clusters.split ?? []).map(({ cluster, weight }) => `{${quote(cluster)},${checkWeight(weight)}}`).join(",")}}`,
    `local NONE,STRICT=${quote(clusters.none)},${quote(clusters.strict)}`,
    engine.trimStart(),
  ].join("\n");
}

function checkKey(text: string): string {
  return check(text, isKey(text), "key");
}

function check(text: string, valid: boolean, kind: string): string {
  if (!valid) throw new RangeError(`not a valid ${kind}: ${JSON.stringify(text.slice(0, 80))}`);
  return text;
}

function checkWeight(weight: number): number {
  if (Number.isSafeInteger(weight) && weight > 0) return weight;
  throw new RangeError(`not a weight: ${weight}`);
}

/** Lower case, as HTTP/2 and Envoy have them. */
function isHeaderName(text: string): boolean {
  return /^[a-z0-9][-a-z0-9]{0,127}$/.test(text);
}

/** A Lua string: printable ASCII as it is, except quote and backslash; any other byte as an escape. */
function quote(text: string): string {
  const escaped = text.replace(/[^ !#-[\]-~]/g, (unit) => {
    const code = unit.charCodeAt(0);
    if (code > 255) throw new RangeError(`not Latin-1: ${JSON.stringify(text.slice(0, 80))}`);
    return `\\${String(code).padStart(3, "0")}`;
  });
  return `"${escaped}"`;
}
