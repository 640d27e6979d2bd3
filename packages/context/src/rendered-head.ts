import type { ClientRequest } from "node:http";
import type { OutgoingHeaders } from "./outgoing.ts";

/** Node's rendered head of a request, kept as a string until the first write takes it. */
interface RenderedRequest {
  _header: string | null;
}

/**
 * The headers of a request whose head is already text, because it was given `headers` as an array, or `Expect`. Node
 * offers no way to add to that, so the text is edited; nothing of it has been written yet when the call is made.
 */
export function renderedHeaders(request: ClientRequest): OutgoingHeaders {
  const rendered = request as unknown as RenderedRequest;
  const lines = (): string[] => (rendered._header ?? "").split("\r\n");
  const named = (line: string, name: string): boolean =>
    line.slice(0, name.length + 1).toLowerCase() === `${name}:`;
  const replace = (name: string, value?: string): void => {
    const kept = lines().filter((line, at) => at === 0 || !named(line, name));
    // The head ends in an empty line: two empty entries after the split.
    if (value !== undefined) kept.splice(-2, 0, `${name}: ${value}`);
    rendered._header = kept.join("\r\n");
  };
  return {
    get: (name) => {
      const values = lines()
        .filter((line, at) => at > 0 && named(line, name))
        .map((line) => line.slice(name.length + 1).trim());
      return values.length > 1 ? values : values[0];
    },
    set: replace,
    remove: (name) => replace(name),
  };
}
