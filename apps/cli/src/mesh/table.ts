import {
  emptyTable,
  nextTag,
  type Pin,
  RC,
  readTable,
  type RouteTable,
  STABLE,
  type TableVariant,
} from "@cocktail/route";
import { openYaml } from "../commands/yaml-file.ts";
import { invalid } from "./read-objects.ts";

/**
 * The table in which these variants are live beside the stable one of each service. As everywhere, the variants of one key are an
 * environment of that name.
 */
export function tableOf(services: readonly string[], variants: readonly Pin[]): RouteTable {
  const all = [...services.map((service) => ({ service, key: STABLE })), ...variants];
  const live: Record<string, Record<string, TableVariant>> = {};
  const layers: Record<string, { parent: string; members: Record<string, string> }> = {
    [RC]: { parent: STABLE, members: {} },
  };
  for (const { service, key } of all) {
    live[service] = { ...live[service], [key]: variantOf(key) };
    if (key === STABLE) continue;
    const layer = (layers[key] ??= { parent: STABLE, members: {} });
    layer.members[service] = key;
  }
  const start = emptyTable("00000000");
  const content = { services: live, environments: layers };
  return { ...start, ...content, epoch: 1, tag: nextTag(start.tag, { ...content, epoch: 1 }) };
}

function variantOf(key: string): TableVariant {
  const tier = key === STABLE ? "stable" : key === RC ? "rc" : "branch";
  return { incarnation: 1, tier, revision: "unknown", onUnavailable: "Fail" };
}

/** A table as `GET /v1/route-table` answers it. Throws a failure that says what is wrong with it. */
export async function parseTable(text: string, file: string): Promise<RouteTable> {
  const yaml = await openYaml(text, file);
  const [fault] = yaml.list;
  if (fault !== undefined) throw invalid(fault);
  const reading = readTable(yaml.root);
  if (reading.ok) return reading.table;
  throw invalid(`${file}: ${reading.fault.path} ${reading.fault.message}`);
}
