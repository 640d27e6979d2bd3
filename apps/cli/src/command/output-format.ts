export const outputFormats = ["table", "wide", "json", "yaml", "name"] as const;
/** How the result is printed. */
export type OutputFormat = (typeof outputFormats)[number];

export function isOutputFormat(text: string): text is OutputFormat {
  return (outputFormats as readonly string[]).includes(text);
}
