/** A body to read as it comes. Who has it must finish or cancel it. */
export type ByteStream = ReadableStream<Uint8Array>;
