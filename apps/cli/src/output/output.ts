import { Failure } from "../failure.ts";

/** The required part of a writable stream. */
export interface OutputStream {
  readonly isTTY?: boolean;
  /** Of a terminal. */
  readonly columns?: number;
  write(chunk: string | Uint8Array, done?: (error?: Error | null) => void): boolean;
  on(event: "error", listener: (error: Error) => void): unknown;
}

export interface Output {
  /**
   * Resolves when the stream has accepted the text: back-pressure for slow readers. Throws once the reader has closed the
   * pipe, and a `Failure` if the text cannot be written, for example on a full disk.
   */
  readonly write: (chunk: string | Uint8Array) => Promise<void>;
  /** The reader has closed the pipe, as `head` does: not an error. */
  readonly closed: boolean;
}

export function openOutput(stream: OutputStream): Output {
  const state = { closed: false };
  const onError = (error: Error): void => {
    if (isReaderGone(error)) state.closed = true;
  };
  // Without a listener an error event would crash the process.
  stream.on("error", onError);
  return {
    write: (chunk) =>
      new Promise((settle, reject) => {
        if (chunk.length === 0) return settle();
        return void stream.write(chunk, (error) => {
          if (error === undefined || error === null) return settle();
          onError(error);
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
      fix: "free disk space, or redirect the output; the operation may have been done: cocktail status",
    },
    { cause: error },
  );
}

/** A stream that records its output; not a terminal. */
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
