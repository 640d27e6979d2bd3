import type { ByteStream } from "./byte-stream.ts";

/** The text of a body; an error beyond `maxLength` characters, with the rest never read. */
export async function readBounded(body: ByteStream | null, maxLength: number): Promise<string> {
  if (body === null) return "";
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let length = 0;
  for await (const chunk of body) {
    const part = decoder.decode(chunk, { stream: true });
    length += part.length;
    // Leaving the loop cancels the body.
    if (length > maxLength)
      throw new RangeError(`the answer is longer than ${maxLength} characters`);
    parts.push(part);
  }
  parts.push(decoder.decode());
  return parts.join("");
}
