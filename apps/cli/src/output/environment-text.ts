import { Failure } from "../failure.ts";

export const environmentFormats = ["dotenv", "shell", "json"] as const;
export type EnvironmentFormat = (typeof environmentFormats)[number];

/**
 * Variables in a form that another program reads. Values are anything at all; a name that no shell has would be code in one.
 * Throws a Failure for what the form can't express.
 */
export function environmentText(
  variables: Readonly<Record<string, string>>,
  format: EnvironmentFormat,
): string {
  if (format === "json") return `${JSON.stringify(variables, undefined, 2)}\n`;
  const line = format === "shell" ? shellLine : dotenvLine;
  for (const name of Object.keys(variables))
    if (!/^[A-Za-z_]\w*$/.test(name)) throw strangeName(name);
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
  if (quote === undefined) throw noQuoteLeft(name);
  return `${name}=${quote}${value}${quote}`;
}

function strangeName(name: string): Failure {
  return new Failure({
    code: "OUTPUT_FAILED",
    message: `${JSON.stringify(name)} is the name of no variable`,
    fix: "print it with -o json, and look where it comes from",
  });
}

/** Readers disagree on how a quote is escaped. */
function noQuoteLeft(name: string): Failure {
  return new Failure({
    code: "OUTPUT_FAILED",
    message: `${name} holds all three kinds of quotes, which a dotenv file can't express`,
    fix: "use -o shell or -o json",
  });
}
