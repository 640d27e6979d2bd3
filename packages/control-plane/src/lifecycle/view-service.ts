import type { Service } from "@cocktail/client";
import { findService, findVariant, serviceNames } from "@cocktail/environment";
import { STABLE } from "@cocktail/route";
import type { Core } from "./core.ts";
import type { Sources } from "./observe.ts";
import { variantUrl } from "./urls.ts";

/** The file's services in its order, then those that only a branch has, by name. */
export function viewServices(core: Core, sources: Sources): readonly Service[] {
  const { state } = sources.state;
  const place = (name: string): number =>
    findService(state, name)?.position ?? Number.MAX_SAFE_INTEGER;
  return [...serviceNames(state)]
    .toSorted((one, other) => place(one) - place(other) || (one < other ? -1 : 1))
    .map((name) => viewService(core, sources, name))
    .filter((service) => service !== undefined);
}

export function viewService(core: Core, sources: Sources, name: string): Service | undefined {
  const { state } = sources.state;
  if (!serviceNames(state).has(name)) return undefined;
  const desired = findService(state, name);
  return {
    name,
    entry: desired?.entry ?? false,
    protocol: desired?.protocol ?? "auto",
    path: desired?.path,
    url: variantUrl(core, sources, name, STABLE),
    variants: state.variants
      .filter(({ service }) => service === name)
      .map(({ key }) => key)
      .toSorted(),
    promoted: findVariant(state, name, STABLE)?.promotion !== undefined,
  };
}
