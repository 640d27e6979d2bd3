import { Failure } from "../failure.ts";

/** The part of a writable stream that is used. */
export interface OutputStream {
  readonly isTTY?: boolean;
  /** Of a terminal. */
  readonly columns?: number;
  write(chunk: string | Uint8Array, done?: (error?: Error | null) => void): boolean;
  on(event: "error", listener: (error: Error) => void): unknown;
}

export interface Output {
  /**
   * Settles when the text was taken over, so that a slow reader slows us down. Throws once the reader is gone, and a
   * `Failure` where the text can't be written, as on a full disk.
   */
  readonly write: (chunk: string | Uint8Array) => Promise<void>;
  /** The reader went away, as `head` does: nothing to complain about. */
  readonly closed: boolean;
}

export function openOutput(stream: OutputStream): Output {
  const state = { closed: false };
  const note = (error: Error): void => {
    if (isReaderGone(error)) state.closed = true;
  };
  // Without a listener an error would end the process.
  stream.on("error", note);
  return {
    write: (chunk) =>
      new Promise((settle, reject) => {
        if (chunk.length === 0) return settle();
        return void stream.write(chunk, (error) => {
          if (error === undefined || error === null) return settle();
          note(error);
          return reject(state.closed ? error : notWritten(error));
        });
      }),
    get closed() {
      return state.closed;
    },
  };
}

function isReaderGone(error: Error): boolean {
  const code: unknown = Reflect.get(error, "code");
  return code === "EPIPE" || code === "ECONNRESET";
}

function notWritten(error: Error): Failure {
  return new Failure(
    {
      code: "OUTPUT_FAILED",
      message: `the result could not be written to stdout: ${error.message}`,
      fix: "make room, or send it elsewhere; what was asked for may have been done: cocktail status",
    },
    { cause: error },
  );
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
