import type { Problem } from "./problem.ts";

/** The head of a response to a client. */
export interface ReplyHead {
  readonly status: number;
  /** HTTP/1.1's reason phrase; "" where there is none. */
  readonly message: string;
  /** Name, value, name, value ... */
  readonly headers: string[];
  /** -1: not known. */
  readonly contentLength: number;
  /** True if the response ends with its head (gRPC's trailers-only responses). */
  readonly endStream: boolean;
}

/** A response to a client, in either protocol. After a disconnect everything is dropped. */
export interface Reply {
  /** True once `begin` was called. */
  readonly begun: boolean;
  /** A 1xx response. */
  informational(status: number, headers: string[]): void;
  /** Throws where Node refuses the head; then nothing was sent. */
  begin(head: ReplyHead): void;
  /** False: wait for `onceWritable`. */
  write(chunk: Buffer): boolean;
  onceWritable(resume: () => void): void;
  end(trailers: readonly string[]): void;
  /** A response of the gateway itself; `headers` are added. */
  problem(problem: Problem, headers: readonly string[]): void;
  /** Destroys the connection, or resets the stream with `reset`, so that the truncation is visible. */
  abort(reset?: number): void;
}
