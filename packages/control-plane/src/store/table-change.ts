import { own, type TableContent, type TableEnvironment, type TableVariant } from "@cocktail/route";

export interface VariantEntry {
  readonly service: string;
  readonly key: string;
  readonly document: TableVariant;
}
export interface EnvironmentEntry {
  readonly name: string;
  readonly document: TableEnvironment;
}

/** What has to be written to make one table of another: an entry that changed is ended and begun. */
export interface TableChange {
  readonly endedVariants: readonly { readonly service: string; readonly key: string }[];
  readonly begunVariants: readonly VariantEntry[];
  readonly endedEnvironments: readonly { readonly name: string }[];
  readonly begunEnvironments: readonly EnvironmentEntry[];
}

export function diffTables(previous: TableContent, next: TableContent): TableChange {
  const before = variantEntries(previous);
  const after = variantEntries(next);
  const beforeEnvironments = environmentEntries(previous);
  const afterEnvironments = environmentEntries(next);
  return {
    endedVariants: before
      .filter((entry) => !isEqual(variantOf(next, entry), entry.document))
      .map(({ service, key }) => ({ service, key })),
    begunVariants: after.filter((entry) => !isEqual(variantOf(previous, entry), entry.document)),
    endedEnvironments: beforeEnvironments
      .filter(({ name, document }) => !isEqual(own(next.environments, name), document))
      .map(({ name }) => ({ name })),
    begunEnvironments: afterEnvironments.filter(
      ({ name, document }) => !isEqual(own(previous.environments, name), document),
    ),
  };
}

function variantEntries(table: TableContent): readonly VariantEntry[] {
  return Object.entries(table.services).flatMap(([service, variants]) =>
    Object.entries(variants).map(([key, document]) => ({ service, key, document })),
  );
}

function environmentEntries(table: TableContent): readonly EnvironmentEntry[] {
  return Object.entries(table.environments).map(([name, document]) => ({ name, document }));
}

function variantOf(table: TableContent, entry: VariantEntry): TableVariant | undefined {
  const variants = own(table.services, entry.service);
  return variants === undefined ? undefined : own(variants, entry.key);
}

/** As documents: the order of members, and members that are undefined, don't count. */
function isEqual(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (!isObject(one) || !isObject(other)) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const names = Object.keys(one).filter((name) => one[name] !== undefined);
  const otherNames = Object.keys(other).filter((name) => other[name] !== undefined);
  return (
    names.length === otherNames.length &&
    names.every((name) => Object.hasOwn(other, name) && isEqual(one[name], other[name]))
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
