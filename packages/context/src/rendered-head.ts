import type { ClientRequest } from "node:http";
import type { OutgoingHeaders } from "./outgoing.ts";

/** Where Node keeps a rendered head: as text of its own, and from `Expect` on as the first thing to be written. */
interface RenderedRequest {
  _header: string;
  outputData: { data: unknown }[];
  outputSize: number;
}

/**
 * The headers of a request whose head is already text, because it was given `headers` as an array, or `Expect`. Node
 * offers no way to add to that, so the text is edited; nothing of it has been written yet when the call is made.
 * Undefined where this Node keeps it elsewhere.
 */
export function renderedHeaders(request: ClientRequest): OutgoingHeaders | undefined {
  if (!isRendered(request)) return undefined;
  const named = (line: string, name: string): boolean =>
    line.slice(0, name.length + 1).toLowerCase() === `${name}:`;
  const replace = (name: string, value?: string): void => {
    const lines = request._header
      .split("\r\n")
      .filter((line, at) => at === 0 || !named(line, name));
    // The head ends in an empty line: two empty entries after the split.
    if (value !== undefined) lines.splice(-2, 0, `${name}: ${value}`);
    rewrite(request, lines.join("\r\n"));
  };
  return {
    get: (name) => {
      const values = request._header
        .split("\r\n")
        .filter((line, at) => at > 0 && named(line, name))
        .map((line) => line.slice(name.length + 1).trim());
      return values.length > 1 ? values : values[0];
    },
    set: replace,
    remove: (name) => replace(name),
  };
}

function rewrite(request: RenderedRequest, head: string): void {
  const before = request._header;
  request._header = head;
  const [first] = request.outputData;
  if (typeof first?.data !== "string" || !first.data.startsWith(before)) return;
  first.data = head + first.data.slice(before.length);
  request.outputSize += head.length - before.length;
}

function isRendered(request: object): request is RenderedRequest {
  return (
    "_header" in request &&
    typeof request._header === "string" &&
    "outputData" in request &&
    Array.isArray(request.outputData) &&
    "outputSize" in request
  );
}
