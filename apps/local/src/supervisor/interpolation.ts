/** `${PAYMENT_SERVICE_URL}`; `$${` is a literal `${`. */
const references = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** The names that a value refers to. */
export function referencesIn(value: string): readonly string[] {
  return [...value.matchAll(references)].flatMap(([, name]) => (name === undefined ? [] : [name]));
}

/** The value with the variables that it refers to. One that isn't there stays as it is written. */
export function interpolate(value: string, variables: Readonly<Record<string, string>>): string {
  return value.replace(references, (written, name: string | undefined) => {
    if (name === undefined) return "${";
    return Object.hasOwn(variables, name) ? (variables[name] ?? written) : written;
  });
}
