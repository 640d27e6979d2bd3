import {
  merge,
  type MergeOptions,
  type MergeResult,
  type Patch,
  type RawVirtualService,
} from "../src/index.ts";
import type { Raw } from "./merge-objects.ts";

/** What happens to a target over time, for the merge of today and for the one that it replaces. */
export interface Operator {
  /** A patch was created or changed. */
  set(target: RawVirtualService, patch: Patch): RawVirtualService;
  delete(target: RawVirtualService, patch: Patch): RawVirtualService;
  /** Somebody applied the target again, without merged routes. */
  reapplied(base: RawVirtualService): RawVirtualService;
  /** The merge of the last event, if the operator can tell. */
  readonly last: MergeResult | undefined;
}

export function ours(options: MergeOptions = {}): Operator {
  const patches = new Map<string, Patch>();
  let last: MergeResult | undefined;
  const run = (target: RawVirtualService): RawVirtualService => {
    last = merge(target, [...patches.values()], options);
    return last.virtualService;
  };
  return {
    set(target, patch) {
      patches.set(patch.owner.uid, patch);
      return run(target);
    },
    delete(target, patch) {
      patches.delete(patch.owner.uid);
      return run(target);
    },
    reapplied: run,
    get last() {
      return last;
    },
  };
}

type Route = Raw;

/** The algorithm of monimesl/istio-virtualservice-merger, as its source has it; the HTTP fields that its types don't know are lost. */
export function theirs(): Operator {
  const patches = new Map<string, Patch>();
  return {
    set(target, patch) {
      patches.set(patch.owner.uid, patch);
      return add(target, patch);
    },
    delete(target, patch) {
      patches.delete(patch.owner.uid);
      return remove(target, patch);
    },
    reapplied(base) {
      // Only those in the namespace of the target are found.
      const own = [...patches.values()].filter(
        ({ owner }) => owner.namespace === base.metadata.namespace,
      );
      return own.reduce(add, base);
    },
    last: undefined,
  };
}

function specOf({ patch }: Patch, kind: string): readonly Route[] {
  return ((patch as Raw)[kind] ?? []) as readonly Route[];
}

function named({ owner, patch }: Patch): readonly Route[] {
  const routes = specOf({ owner, patch }, "http");
  return routes.map((route, at) => {
    const { name } = route;
    const keeps = typeof name === "string" && /-\d+$/.test(name);
    return { ...route, name: keeps ? name : `${owner.name}-${routes.length - 1 - at}` };
  });
}

function precedence({ name }: Route): number {
  return Number(/-(\d+)$/.exec(String(name))?.[1] ?? 0);
}

function inOrder(routes: readonly Route[]): readonly Route[] {
  return routes.toSorted((a, b) => precedence(b) - precedence(a));
}

const unknownToTypes = ["directResponse", "mirrors"];

function typed(routes: readonly Route[]): readonly Route[] {
  return routes.map((route) =>
    Object.fromEntries(Object.entries(route).filter(([name]) => !unknownToTypes.includes(name))),
  );
}

function add(target: RawVirtualService, patch: Patch): RawVirtualService {
  let http = typed((target.spec["http"] ?? []) as readonly Route[]);
  for (const route of typed(named(patch))) {
    const at = http.findIndex(({ name }) => name === route["name"]);
    http = at < 0 ? [route, ...http] : http.with(at, route);
  }
  const spec: Record<string, unknown> = { ...target.spec, http: inOrder(http) };
  for (const kind of ["tcp", "tls"]) {
    if (specOf(patch, kind).length === 0 && spec[kind] === undefined) continue;
    let routes = (spec[kind] ?? []) as readonly Route[];
    for (const route of specOf(patch, kind)) {
      const at = routes.findIndex((other) => havePortInCommon(other, route));
      routes = at < 0 ? [...routes, route] : routes.with(at, route);
    }
    spec[kind] = routes;
  }
  return { ...target, spec };
}

function remove(target: RawVirtualService, patch: Patch): RawVirtualService {
  let http = typed((target.spec["http"] ?? []) as readonly Route[]);
  for (const { name } of named(patch)) {
    const at = http.findIndex((route) => route["name"] === name);
    if (at >= 0) http = http.toSpliced(at, 1);
  }
  const spec: Record<string, unknown> = { ...target.spec, http: inOrder(http) };
  for (const kind of ["tcp", "tls"]) {
    if (spec[kind] === undefined) continue;
    spec[kind] = (spec[kind] as readonly Route[]).filter(
      (route) => !specOf(patch, kind).some((other) => havePortInCommon(other, route)),
    );
  }
  return { ...target, spec };
}

function havePortInCommon(a: Route, b: Route): boolean {
  const ports = ({ match }: Route): readonly number[] =>
    ((match ?? []) as readonly { port?: number }[]).map(({ port = 0 }) => port);
  return ports(a).some((port) => ports(b).includes(port));
}
