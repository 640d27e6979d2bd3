import type { ByteStream } from "./byte-stream.ts";

/** The lines of a text stream without their ends, the empty ones left out. An error where one is longer than allowed. */
export async function* readLines(
  body: ByteStream,
  maxLineLength: number,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield line;
    if (rest.length > maxLineLength)
      throw new RangeError(`a line is longer than ${maxLineLength} characters`);
  }
  rest += decoder.decode();
  if (rest !== "") yield rest;
}
