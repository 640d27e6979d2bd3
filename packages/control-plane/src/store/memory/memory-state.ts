import type { KeyCounter, StateChange, StoredState } from "@cocktail/environment";

type Records<T> = Map<string, T>;

/** The stored state in memory. Documents are copied in and out, as a database would. */
export class MemoryState {
  readonly #services: Records<StoredState["services"][number]> = new Map();
  readonly #variants: Records<StoredState["variants"][number]> = new Map();
  readonly #environments: Records<StoredState["environments"][number]> = new Map();
  readonly #incarnations: Records<StoredState["incarnations"][number]> = new Map();
  readonly #counters: Records<KeyCounter> = new Map();

  load(): StoredState {
    return structuredClone({
      services: [...this.#services.values()],
      variants: [...this.#variants.values()],
      environments: [...this.#environments.values()],
      incarnations: [...this.#incarnations.values()],
      counters: [...this.#counters.values()],
    });
  }

  write(changes: readonly StateChange[]): void {
    for (const change of structuredClone(changes)) this.#apply(change);
  }

  #apply(change: StateChange): void {
    switch (change.kind) {
      case "PutService":
        this.#services.set(change.service.name, change.service);
        return;
      case "RemoveService":
        this.#services.delete(change.name);
        return;
      case "PutVariant":
        this.#variants.set(id(change.variant), change.variant);
        this.#raise(change.variant, change.variant.generation, 0);
        return;
      case "RemoveVariant":
        this.#variants.delete(id(change));
        return;
      case "PutEnvironment":
        this.#environments.set(change.environment.name, change.environment);
        return;
      case "RemoveEnvironment":
        this.#environments.delete(change.name);
        return;
      case "PutIncarnation":
        this.#incarnations.set(numbered(change.incarnation), change.incarnation);
        this.#raise(change.incarnation, 0, change.incarnation.number);
        return;
      case "RemoveIncarnation":
        this.#incarnations.delete(numbered(change));
        return;
    }
  }

  #raise({ service, key }: Keyed, generation: number, incarnation: number): void {
    const last = this.#counters.get(id({ service, key }));
    this.#counters.set(id({ service, key }), {
      service,
      key,
      generation: Math.max(generation, last?.generation ?? 0),
      incarnation: Math.max(incarnation, last?.incarnation ?? 0),
    });
  }
}

interface Keyed {
  readonly service: string;
  readonly key: string;
}

function id({ service, key }: Keyed): string {
  return `${service}:${key}`;
}

function numbered(ref: Keyed & { readonly number: number }): string {
  return `${id(ref)}#${ref.number}`;
}
