/** The part of a writable stream that is used. */
export interface OutputStream {
  readonly isTTY?: boolean;
  write(chunk: string | Uint8Array, done?: (error?: Error | null) => void): boolean;
  on(event: "error", listener: (error: Error) => void): unknown;
}

export interface Output {
  /** Settles when the text was taken over, so that a slow reader slows us down. Throws once the reader is gone. */
  readonly write: (chunk: string | Uint8Array) => Promise<void>;
  /** The reader went away, as `head` does: nothing to complain about. */
  readonly closed: boolean;
}

export function openOutput(stream: OutputStream): Output {
  const state = { closed: false };
  stream.on("error", () => {
    state.closed = true;
  });
  return {
    write: (chunk) =>
      new Promise((settle, reject) => {
        if (chunk.length === 0) return settle();
        return void stream.write(chunk, (error) => {
          if (error === undefined || error === null) return settle();
          state.closed = true;
          return reject(error);
        });
      }),
    get closed() {
      return state.closed;
    },
  };
}

/** A stream that only remembers; no terminal. */
export function memoryStream(): { readonly stream: OutputStream; readonly text: () => string } {
  const decoder = new TextDecoder();
  let text = "";
  return {
    text: () => text,
    stream: {
      isTTY: false,
      write: (chunk, done) => {
        text += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
        done?.(null);
        return true;
      },
      on: () => {},
    },
  };
}
