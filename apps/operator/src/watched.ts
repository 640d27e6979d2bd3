import {
  Informer,
  type InformerOptions,
  type KubeObject,
  type ObjectRef,
  type Resource,
} from "@cocktail/kubernetes";

/** Objects of some kinds in some namespaces, as one cache. */
export class Watched {
  readonly informers: readonly Informer[];

  /** All namespaces, if none is given. */
  constructor(
    kinds: readonly Resource[],
    namespaces: readonly string[],
    options: Omit<InformerOptions, "resource" | "namespace">,
  ) {
    const places = namespaces.length === 0 ? [undefined] : namespaces;
    this.informers = kinds.flatMap((resource) =>
      places.map((namespace) => new Informer({ ...options, resource, namespace })),
    );
  }

  get(ref: ObjectRef): KubeObject | undefined {
    for (const informer of this.informers) {
      const { value } = informer.get(ref);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  all(): readonly KubeObject[] {
    return this.informers.flatMap((informer) => informer.list().value);
  }

  by(index: string, value: string): readonly KubeObject[] {
    return this.informers.flatMap((informer) => informer.by(index, value).value);
  }
}
