import { canonical, type Fields, fieldsOf, isFields, listOf, nameOf } from "../fields.ts";
import { type MergeFault, reporter } from "./fault.ts";
import type { OwnedRoute } from "./ledger.ts";
import { ownerText, type PreparedRoute } from "./prepare.ts";
import { legacyRouteName } from "./route-names.ts";
import type { RawVirtualService } from "./types.ts";

/**
 * Routes that the operator of monimesl left in the target: named as it named them, equal to a route of a current patch that it has merged, and
 * not of a manifest that somebody applied. From now on they are that patch's. Others that look like its are only reported: they may be the
 * base's own, and whoever copies one into a patch must not get it deleted.
 */
export function adopt(
  base: RawVirtualService,
  prepared: readonly PreparedRoute[],
  faults: MergeFault[],
): { readonly base: RawVirtualService; readonly adopted: readonly OwnedRoute[] } {
  const http = listOf(base.spec["http"]);
  const adopted = new Set<Fields>();
  const candidates = prepared.filter(({ kind }) => kind === "http");
  const applied = appliedNames(base);
  for (const route of http) {
    const name = nameOf(route);
    const named = candidates.filter((one) => isLegacyName(name, one));
    const equal = named.find(
      ({ owner, original }) =>
        owner.isLegacy === true && !applied.has(name) && essence(original) === essence(route),
    );
    if (equal !== undefined) {
      adopted.add(route);
      const report = reporter(faults, ownerText(equal.owner));
      report.warn(
        "Adopted",
        `The route ${name} of the target is taken over from another operator.`,
      );
    } else if (named[0] !== undefined && name.startsWith(`${named[0].owner.name}-`)) {
      const report = reporter(faults, ownerText(named[0].owner));
      const what = `The route ${name} of the target is no route of this patch, but is named like one`;
      report.warn("PossibleOrphan", `${what}: delete it if another operator left it.`);
    }
  }
  if (adopted.size === 0) return { base, adopted: [] };
  const rest = http.filter((route) => !adopted.has(route));
  return {
    base: { ...base, spec: { ...base.spec, http: rest } },
    adopted: [...adopted].map((route) => ({ kind: "http", route, entry: undefined })),
  };
}

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** The names of http routes in the manifest that kubectl applied last, if it did. */
function appliedNames({ metadata }: RawVirtualService): ReadonlySet<string> {
  try {
    const manifest: unknown = JSON.parse(metadata.annotations?.[lastApplied] ?? "");
    return new Set(listOf(fieldsOf(fieldsOf(manifest)["spec"])["http"]).map(nameOf));
  } catch {
    return new Set();
  }
}

function isLegacyName(name: string, { owner, original, at, count }: PreparedRoute): boolean {
  if (name === legacyRouteName(owner.name, original, at, count)) return true;
  return name.startsWith(`${owner.name}-`) && /^\d{1,9}$/.test(name.slice(owner.name.length + 1));
}

/** Without the name and what the types of that operator dropped: empty values. */
function essence({ name: _, ...route }: Fields): string {
  return canonical(compact(route));
}

const empty: readonly unknown[] = [undefined, null, 0, "", false];

function compact(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(compact);
  if (!isFields(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]) =>
      empty.includes(one) ? [] : [[name, compact(one)]],
    ),
  );
}
