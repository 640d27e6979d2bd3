// Control sequences: an SGR colour; a title or a link (OSC); any other sequence; a single control character.
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
 * Removes control sequences from untrusted text (a service's log, an error of a gateway), so that on a terminal it cannot
 * move the cursor or rename the window. Tabs are kept, and with `keepColour` colours too.
 */
export function printable(text: string, keepColour = false): string {
  return text.replace(controls, (found, colour: string | undefined) =>
    keepColour && colour !== undefined ? found : "",
  );
}

/** JSON that moves no cursor either: of control characters, JSON itself escapes only those below U+0020. */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(
    /[\u007f-\u009f]/g,
    (control) => `\\u00${control.charCodeAt(0).toString(16)}`,
  );
}
