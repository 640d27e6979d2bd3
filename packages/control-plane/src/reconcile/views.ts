import type { Environment, Explanation, Service, Variant } from "@cocktail/client";
import {
  findLiveVariant,
  findService,
  findVariant,
  type Policy,
  serviceNames,
} from "@cocktail/environment";
import { formatVariant, parseVariant, type RouteTable, STABLE } from "@cocktail/route";
import type { VariantFilter } from "../lifecycle/lifecycle-service.ts";
import type { Addresses } from "./addresses.ts";
import { knownEnvironments, viewEnvironment } from "./environment-view.ts";
import { explain } from "./explanation.ts";
import { nextTable, type Scene } from "./scene.ts";
import { ConditionHistory, type ViewContext, viewVariant } from "./variant-view.ts";

/** What people and programs are shown of a scene. */
export class Views {
  readonly #addresses: Addresses;
  readonly #policy: Policy;
  readonly #history = new ConditionHistory();

  constructor(addresses: Addresses, policy: Policy) {
    this.#addresses = addresses;
    this.#policy = policy;
  }

  services(scene: Scene): readonly Service[] {
    const { state } = scene;
    const inFile = state.services
      .toSorted((one, other) => one.position - other.position)
      .map(({ name }) => name);
    const others = [...serviceNames(state)].filter((name) => !inFile.includes(name)).toSorted();
    return [...inFile, ...others].flatMap((name) => this.service(scene, name) ?? []);
  }

  service({ state }: Scene, name: string): Service | undefined {
    if (!serviceNames(state).has(name)) return undefined;
    const known = findService(state, name);
    const variants = state.variants.filter((each) => each.service === name && !each.deleted);
    return {
      name,
      entry: known?.entry ?? false,
      protocol: known?.protocol ?? "auto",
      variants: variants.map(({ key }) => key).toSorted(),
      promoted: findLiveVariant(state, name, STABLE)?.promotion !== undefined,
      ...(known?.path === undefined ? {} : { path: known.path }),
      ...(known?.entry === true ? { url: this.#addresses.ofService(name) } : {}),
    };
  }

  variants(scene: Scene, filter: VariantFilter = {}): readonly Variant[] {
    const members = filter.environment === undefined ? undefined : own(scene, filter.environment);
    return scene.state.variants
      .map(({ service, key }) => formatVariant(service, key))
      .toSorted()
      .flatMap((name) => {
        const pin = parseVariant(name);
        if (pin === undefined || (filter.service ?? pin.service) !== pin.service) return [];
        if (members !== undefined && !members.has(name)) return [];
        return this.variant(scene, pin.service, pin.key) ?? [];
      });
  }

  variant(scene: Scene, service: string, key: string): Variant | undefined {
    const desired = findVariant(scene.state, service, key);
    return desired === undefined ? undefined : viewVariant(this.#context(scene), desired);
  }

  environments(scene: Scene): readonly Environment[] {
    const next = nextTable(scene);
    const names = knownEnvironments(scene);
    this.#history.keep(
      new Set([
        ...names.map((name) => `environment ${name}`),
        ...scene.state.variants.map(({ service, key }) => `variant ${formatVariant(service, key)}`),
      ]),
    );
    return names.flatMap((name) => this.environment(scene, name, next) ?? []);
  }

  environment(
    scene: Scene,
    name: string,
    next: RouteTable = nextTable(scene),
  ): Environment | undefined {
    return viewEnvironment(this.#context(scene), name, next);
  }

  explain(scene: Scene, name: string): Explanation | undefined {
    const environment = this.environment(scene, name);
    return environment === undefined ? undefined : explain(environment);
  }

  #context(scene: Scene): ViewContext {
    return {
      scene,
      addresses: this.#addresses,
      history: this.#history,
      policy: this.#policy,
    };
  }
}

/** Names of the variants that an environment has as its own members. */
function own({ state }: Scene, name: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { service, key } of state.variants) {
    if (key === name) names.add(formatVariant(service, key));
  }
  const members = state.environments.find((each) => each.name === name)?.members ?? {};
  for (const [service, key] of Object.entries(members)) names.add(formatVariant(service, key));
  return names;
}
