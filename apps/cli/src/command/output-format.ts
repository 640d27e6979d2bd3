export const outputFormats = ["table", "wide", "json", "yaml", "name"] as const;
/** The format of the printed result. */
export type OutputFormat = (typeof outputFormats)[number];

export function isOutputFormat(text: string): text is OutputFormat {
  return (outputFormats as readonly string[]).includes(text);
}
