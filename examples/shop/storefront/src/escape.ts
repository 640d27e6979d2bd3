const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as it stands in HTML, also inside of a quoted attribute. */
export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (found) => entities[found] ?? found);
}
