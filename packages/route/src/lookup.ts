/**
 * What a record of a table has under a name; the same as `own`, for records that are plain objects. What such an object
 * gives without having it is a function, or its prototype under `__proto__`, so the second look that `own` always takes is
 * rarely needed: it is a third of what `resolve` costs.
 */
export function lookup<T extends object | string>(
  record: Readonly<Record<string, T>>,
  name: string,
): T | undefined {
  const value = record[name];
  if (typeof value !== "function" && name !== "__proto__") return value;
  return Object.hasOwn(record, name) ? value : undefined;
}
