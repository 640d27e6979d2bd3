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

/**
 * Text from elsewhere (a service's log, an error of a gateway) made harmless for a terminal: no escape sequences that
 * move the cursor or rename the window. Tabs stay; SGR colours stay where `keepColour`.
 */
export function printable(text: string, keepColour = false): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what it is about
  const controls =
    /\u001B\[([0-9;]*)m|\u001B\][^\u0007\u001B]*(?:\u0007|\u001B\\)|\u001B\[[0-9;?]*[ -/]*[@-~]|[\u0000-\u0008\u000A-\u001F\u007F-\u009F]/g;
  return text.replace(controls, (found, colour: string | undefined) =>
    keepColour && colour !== undefined ? found : "",
  );
}
