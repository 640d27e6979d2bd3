import { type Api, type Informer, keyOf, type KubeObject, type Logger } from "@cocktail/kubernetes";
import {
  fieldsOf,
  findServices,
  type FoundServices,
  listOf,
  managedLabels,
  type MeshNames,
  type MeshService,
  serviceLabel,
  variantLabel,
} from "@cocktail/mesh";
import { formatVariant } from "@cocktail/route";
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
  /** All, if there are none. */
  readonly namespaces: readonly string[];
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

  constructor({ api, log, names, namespaces }: ClusterViewOptions) {
    this.#names = names;
    this.#charts = new Watched([virtualServices, services, destinationRules], namespaces, {
      api,
      log,
    });
    this.#pods = new Watched([pods], namespaces, {
      api,
      log,
      labelSelector: `${serviceLabel},${variantLabel}`,
      indexers: { variant: (object) => [variantOf(object)] },
    });
    this.#slices = new Watched([endpointSlices], namespaces, {
      api,
      log,
      indexers: { service: (object) => [sliceOf(object)] },
    });
    this.#filters = new Watched([envoyFilters], [names.rootNamespace], {
      api,
      log,
      labelSelector: managedSelector,
    });
    const watched = [this.#charts, this.#pods, this.#slices, this.#filters];
    this.informers = watched.flatMap(({ informers }) => informers);
    this.#listen();
  }

  /** The services whose charts delegate, in the order of their names. */
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
    return this.found.services.find((one) => one.name === name);
  }

  /** What was written for a service, by this operator or an earlier one. */
  writtenFor(service: string): readonly KubeObject[] {
    return [...this.#charts.all(), ...this.#filters.all()].filter(
      (object) => managedFor(object) === service,
    );
  }

  /** The pods of a variant, in the namespace of its service: a label in another one says nothing. */
  podsOf(service: string, key: string): readonly KubeObject[] {
    const namespace = this.service(service)?.namespace;
    return this.#pods
      .by("variant", formatVariant(service, key))
      .filter(({ metadata }) => metadata.namespace === namespace);
  }

  /** Whether stable's Service has an endpoint that is ready. */
  isStableReady(service: string): boolean {
    const { name, namespace } = this.service(service) ?? {};
    if (name === undefined) return false;
    return this.#slices
      .by("service", keyOf({ namespace, name }))
      .some(({ endpoints }) =>
        listOf(endpoints).some(({ conditions }) => fieldsOf(conditions)["ready"] !== false),
      );
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
      tell({ what: "charts" });
    });
    subscribe(this.#pods, (object) => tell({ what: "variant", name: variantOf(object) }));
    subscribe(this.#slices, ({ metadata: { labels = {} } }) =>
      tell({ what: "stable", service: labels[serviceNameLabel] ?? "" }),
    );
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
  /** `service:key`, whose pods changed. */
  | { readonly what: "variant"; readonly name: string }
  | { readonly what: "stable"; readonly service: string };

const serviceNameLabel = "kubernetes.io/service-name";

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

function sliceOf({ metadata: { namespace, labels = {} } }: KubeObject): string {
  return keyOf({ namespace, name: labels[serviceNameLabel] ?? "" });
}

/** Objects of an informer have a kind; their type leaves it open. */
function typed({ apiVersion = "", kind = "", ...rest }: KubeObject): TypedObject {
  return { ...rest, apiVersion, kind };
}

type TypedObject = KubeObject & { readonly apiVersion: string; readonly kind: string };

function placeOf({ kind, metadata }: TypedObject): string {
  return `${keyOf(metadata)} ${kind}`;
}
