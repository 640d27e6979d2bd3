/** Canonical JSON: members are sorted, undefined ones omitted. */
export function documentText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(documentText).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "";
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${entries
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${documentText(member)}`)
    .join(",")}}`;
}

export function isEqualDocument(one: unknown, other: unknown): boolean {
  return documentText(one) === documentText(other);
}
