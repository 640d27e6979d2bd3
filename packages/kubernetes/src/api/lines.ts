import { ApiUnreachable } from "./api-error.ts";

/** Splits a body into lines. What is cut off by its end is no line. Throws if a line exceeds so many bytes. */
export async function* readLines(
  body: AsyncIterable<Uint8Array>,
  longestBytes: number,
): AsyncGenerator<string> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    let rest = chunk;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      parts.push(rest.subarray(0, end));
      const line = Buffer.concat(parts).toString("utf8");
      parts = [];
      length = 0;
      rest = rest.subarray(end + 1);
      if (line.length > longestBytes) throw tooLong(longestBytes);
      if (line !== "") yield line;
    }
    if (rest.length === 0) continue;
    parts.push(rest);
    length += rest.length;
    if (length > longestBytes) throw tooLong(longestBytes);
  }
}

const tooLong = (limit: number): ApiUnreachable =>
  new ApiUnreachable(`a line of the answer exceeds the limit of ${limit} bytes`);
