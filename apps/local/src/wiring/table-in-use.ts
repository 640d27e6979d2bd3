import type { RouteTable, TableVariant } from "@cocktail/route";

/**
 * The table that this run's gateway serves by. A run finds the entries of earlier runs in the table; their processes are
 * dead, and whatever listens at their addresses by now is a stranger. They keep their place, so that a branch that isn't
 * back yet is answered with a 503 that names it and never by stable, but they lose their address.
 */
export class TableInUse {
  readonly #none: RouteTable;
  #dead: ReadonlySet<string> = new Set();
  #source: () => RouteTable;
  #seen: RouteTable | undefined;
  #served: RouteTable;

  constructor(none: RouteTable) {
    this.#none = none;
    this.#served = none;
    this.#source = () => this.#none;
  }

  /** What is stored when the run begins: every incarnation in it belongs to an earlier run. */
  begin(head: RouteTable): void {
    this.#dead = new Set(incarnationsOf(head));
    this.#source = () => head;
  }

  follow(source: () => RouteTable): void {
    this.#source = source;
  }

  /** Cheap: the same table gives the same answer without being looked at again. */
  table = (): RouteTable => {
    const table = this.#source();
    if (table !== this.#seen) {
      this.#seen = table;
      this.#served = withoutAddresses(table, this.#dead);
    }
    return this.#served;
  };
}

function incarnationsOf(table: RouteTable): readonly string[] {
  return Object.entries(table.services).flatMap(([service, variants]) =>
    Object.entries(variants).map(([key, { incarnation }]) => nameOf(service, key, incarnation)),
  );
}

function nameOf(service: string, key: string, incarnation: number): string {
  return `${service}:${key}#${incarnation}`;
}

/** The table itself where none of its incarnations is dead. */
export function withoutAddresses(table: RouteTable, dead: ReadonlySet<string>): RouteTable {
  if (!incarnationsOf(table).some((name) => dead.has(name))) return table;
  const services = Object.entries(table.services).map(([service, variants]) => {
    const entries = Object.entries(variants).map(([key, variant]) => {
      const isDead = dead.has(nameOf(service, key, variant.incarnation));
      return [key, isDead ? withoutAddress(variant) : variant] as const;
    });
    return [service, Object.fromEntries(entries)] as const;
  });
  return { ...table, services: Object.fromEntries(services) };
}

function withoutAddress({ destination: _, ...variant }: TableVariant): TableVariant {
  return variant;
}
