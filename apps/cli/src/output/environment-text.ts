export const environmentFormats = ["dotenv", "shell", "json"] as const;
export type EnvironmentFormat = (typeof environmentFormats)[number];

/** Variables in a form that another program reads. Values are anything at all. */
export function environmentText(
  variables: Readonly<Record<string, string>>,
  format: EnvironmentFormat,
): string {
  if (format === "json") return `${JSON.stringify(variables, undefined, 2)}\n`;
  const line = format === "shell" ? shellLine : dotenvLine;
  return Object.entries(variables)
    .map(([name, value]) => `${line(name, value)}\n`)
    .join("");
}

/** For `eval` and `source`: nothing is special in single quotes but a single quote. */
function shellLine(name: string, value: string): string {
  return `export ${name}='${value.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * As Node's --env-file, dotenv and IDEs read it: in single quotes nothing is special, a line break included; a value with a
 * single quote needs others.
 */
function dotenvLine(name: string, value: string): string {
  if (/^[\w@%+=:,./-]*$/.test(value)) return `${name}=${value}`;
  const quote = ["'", '"', "`"].find((one) => !value.includes(one));
  // With all three kinds in it no reader agrees with another.
  return quote === undefined
    ? `${name}='${value.replaceAll("'", "")}'`
    : `${name}=${quote}${value}${quote}`;
}
