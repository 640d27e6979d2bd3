import { STABLE, isKey } from "@cocktail/route";
import type { Core } from "./core.ts";
import type { Sources } from "./observe.ts";

type Edge = Pick<Core, "options">;

/** `http://mp-101.payment-service.localhost:8080`; undefined where nothing is reachable from outside. */
export function variantUrl(
  core: Edge,
  sources: Sources,
  service: string,
  key: string,
): string | undefined {
  if (!isEntry(sources, service)) return undefined;
  return urlOf(core, key === STABLE ? [service] : [key, service]);
}

/** Through the first entry service. */
export function environmentUrl(core: Edge, sources: Sources, name: string): string | undefined {
  if (!sources.state.state.services.some(({ entry }) => entry)) return undefined;
  return urlOf(core, name === STABLE || !isKey(name) ? [] : [name]);
}

function isEntry({ state }: Sources, service: string): boolean {
  return state.state.services.some((each) => each.name === service && each.entry);
}

function urlOf({ options }: Edge, labels: readonly string[]): string | undefined {
  const base = options.edge?.();
  if (base === undefined || !URL.canParse(base)) return undefined;
  const { protocol, port } = new URL(base);
  const host = [...labels, options.domain].join(".");
  return `${protocol}//${host}${port === "" ? "" : `:${port}`}`;
}
