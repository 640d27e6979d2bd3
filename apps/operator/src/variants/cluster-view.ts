import {
  type Api,
  type Informer,
  keyOf,
  type KubeObject,
  type Logger,
  refOf,
} from "@cocktail/kubernetes";
import {
  findServices,
  type FoundServices,
  managedLabels,
  type MeshNames,
  type MeshService,
  serviceLabel,
  variantLabel,
} from "@cocktail/mesh";
import { formatVariant, STABLE } from "@cocktail/route";
import { hasReadyEndpoint, serviceOfSlice } from "../endpoint-slices.ts";
import {
  destinationRules,
  endpointSlices,
  envoyFilters,
  pods,
  services,
  virtualServices,
} from "../kinds.ts";
import { Watched } from "../watched.ts";

export interface ClusterViewOptions {
  readonly api: Api;
  readonly log: Logger;
  readonly names: MeshNames;
  /** Of the services and their variants. */
  readonly namespace: string;
}

/** What is in the cluster that variants depend on: charts and pods, and what was written for them. */
export class ClusterView {
  readonly informers: readonly Informer[];
  readonly #names: MeshNames;
  readonly #charts: Watched;
  readonly #pods: Watched;
  readonly #slices: Watched;
  readonly #filters: Watched;
  readonly #listeners = new Set<(change: ClusterChange) => void>();
  #found: FoundServices | undefined;
  #byName: ReadonlyMap<string, MeshService> | undefined;

  constructor({ api, log, names, namespace }: ClusterViewOptions) {
    this.#names = names;
    // A repeated look at everything would be a change of every chart.
    const options = { api, log, limits: { resyncMs: 0 } };
    const indexers = { written: writtenIndex };
    this.#charts = new Watched([virtualServices, services, destinationRules], [namespace], {
      ...options,
      indexers,
    });
    this.#pods = new Watched([pods], [namespace], {
      ...options,
      labelSelector: `${serviceLabel},${variantLabel}`,
      indexers: { variant: (object) => [variantOf(object)] },
    });
    this.#slices = new Watched([endpointSlices], [namespace], {
      ...options,
      indexers: { service: (object) => [serviceOfSlice(object)] },
    });
    this.#filters = new Watched([envoyFilters], [names.rootNamespace], {
      ...options,
      labelSelector: managedSelector,
      indexers,
    });
    const watched = [this.#charts, this.#pods, this.#slices, this.#filters];
    this.informers = watched.flatMap(({ informers }) => informers);
    this.#listen();
  }

  /** The services whose charts delegate, in the order of their objects' names. */
  get found(): FoundServices {
    return (this.#found ??= findServices(
      this.#charts
        .all()
        .filter((object) => managedFor(object) === undefined)
        .map(typed)
        .toSorted((one, other) => (placeOf(one) < placeOf(other) ? -1 : 1)),
      this.#names,
    ));
  }

  service(name: string): MeshService | undefined {
    this.#byName ??= new Map(this.found.services.map((one) => [one.name, one]));
    return this.#byName.get(name);
  }

  /** What was written for a service, by this operator or an earlier one. */
  writtenFor(service: string): readonly KubeObject[] {
    return [...this.#charts.by("written", service), ...this.#filters.by("written", service)];
  }

  podsOf(service: string, key: string): readonly KubeObject[] {
    return this.#pods.by("variant", formatVariant(service, key));
  }

  /** Whether stable's Service has an endpoint that is ready. */
  isStableReady({ namespace, name }: MeshService): boolean {
    return this.#slices.by("service", keyOf({ namespace, name })).some(hasReadyEndpoint);
  }

  /** Returns an unsubscribe function. */
  onChange(listener: (change: ClusterChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #listen(): void {
    const tell = (change: ClusterChange): void => {
      for (const listener of this.#listeners) listener(change);
    };
    const written = (object: KubeObject, isGone: boolean): boolean => {
      const service = managedFor(object);
      if (service !== undefined) tell({ what: "written", service, object, isGone });
      return service !== undefined;
    };
    subscribe(this.#filters, (object, isGone) => written(object, isGone));
    subscribe(this.#charts, (object, isGone) => {
      if (written(object, isGone)) return;
      this.#found = undefined;
      this.#byName = undefined;
      tell({ what: "charts" });
    });
    subscribe(this.#pods, (object) => tell({ what: "variant", name: variantOf(object) }));
    subscribe(this.#slices, (object) => {
      const { name } = refOf(serviceOfSlice(object));
      tell({ what: "variant", name: formatVariant(name, STABLE) });
    });
  }
}

export type ClusterChange =
  | { readonly what: "charts" }
  /** What was written for a service is there in another state, or is gone. */
  | {
      readonly what: "written";
      readonly service: string;
      readonly object: KubeObject;
      readonly isGone: boolean;
    }
  /** `service:key`, whose pods or endpoints changed. */
  | { readonly what: "variant"; readonly name: string };

const managedSelector = Object.entries(managedLabels)
  .map(([label, value]) => `${label}=${value}`)
  .join(",");

/** The service that an object was written for; undefined for a chart's. */
function managedFor({ metadata: { labels = {} } }: KubeObject): string | undefined {
  const isManaged = Object.entries(managedLabels).every(
    ([label, value]) => labels[label] === value,
  );
  return isManaged ? labels[serviceLabel] : undefined;
}

function writtenIndex(object: KubeObject): readonly string[] {
  const service = managedFor(object);
  return service === undefined ? [] : [service];
}

function subscribe(
  { informers }: Watched,
  seen: (object: KubeObject, isGone: boolean) => void,
): void {
  for (const informer of informers)
    informer.subscribe({
      added: (object) => seen(object, false),
      deleted: (object) => seen(object, true),
      updated: (object, before) => {
        // What it no longer belongs to.
        if (labelsOf(before) !== labelsOf(object)) seen(before, true);
        seen(object, false);
      },
    });
}

function labelsOf({ metadata: { labels = {} } }: KubeObject): string {
  return JSON.stringify(labels);
}

function variantOf({ metadata: { labels = {} } }: KubeObject): string {
  return formatVariant(labels[serviceLabel] ?? "", labels[variantLabel] ?? "");
}

/** Objects of an informer have a kind; their type leaves it open. */
function typed({ apiVersion = "", kind = "", ...rest }: KubeObject): TypedObject {
  return { ...rest, apiVersion, kind };
}

type TypedObject = KubeObject & { readonly apiVersion: string; readonly kind: string };

function placeOf({ kind, metadata }: TypedObject): string {
  return `${keyOf(metadata)} ${kind}`;
}
