const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const wide =
  /^[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|^\p{Emoji_Presentation}/u;

/** Columns a text takes in a terminal. */
export function displayWidth(text: string): number {
  if (/^[\u0020-\u007E]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += wide.test(segment) ? 2 : 1;
  return width;
}

/** As much of the beginning of a text as `columns` columns hold, an ellipsis in place of what was cut off. */
export function cutToWidth(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let kept = "";
  let width = 1;
  for (const { segment } of segmenter.segment(text)) {
    width += displayWidth(segment);
    if (width > columns) break;
    kept += segment;
  }
  return columns < 1 ? "" : `${kept}…`;
}

// Control characters are what these are about: an SGR colour; a title or a link; any other sequence; a single one.
const controls = new RegExp(
  [
    String.raw`\x1b\[([0-9;]*)m`,
    String.raw`\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)`,
    String.raw`\x1b\[[0-9;?]*[ -/]*[@-~]`,
    String.raw`[\x00-\x08\x0a-\x1f\x7f-\x9f]`,
  ].join("|"),
  "g",
);

/**
 * Text from elsewhere (a service's log, an error of a gateway) made harmless for a terminal: nothing that moves the
 * cursor or renames the window. Tabs stay; colours stay where `keepColour`.
 */
export function printable(text: string, keepColour = false): string {
  return text.replace(controls, (found, colour: string | undefined) =>
    keepColour && colour !== undefined ? found : "",
  );
}
