/** A member of a JSON object, or undefined. */
export function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

/** The objects in a JSON array. */
export function records(value: unknown): readonly object[] {
  const all: readonly unknown[] = Array.isArray(value) ? value : [];
  return all.filter((one) => typeof one === "object" && one !== null);
}
