import type { Problem } from "./problem.ts";

/** The head of an answer to a client. */
export interface ReplyHead {
  readonly status: number;
  /** HTTP/1.1's reason phrase; "" where there is none. */
  readonly message: string;
  /** Name, value, name, value ... */
  readonly headers: string[];
  /** -1: not known. */
  readonly contentLength: number;
  /** True where the head is also the end (gRPC's trailers-only answers). */
  readonly last: boolean;
}

/** The way back to a client, of either protocol. What a client no longer takes is dropped. */
export interface Reply {
  /** True once the head of the answer is on its way. */
  readonly begun: boolean;
  /** Of the statuses that can be said in the client's protocol. */
  readonly highestStatus: number;
  /** 103 and other answers before the answer. */
  informational(status: number, headers: string[]): void;
  /** Throws where Node refuses the head; then nothing was sent. */
  begin(head: ReplyHead): void;
  /** False: wait for `onceWritable`. */
  write(chunk: Buffer): boolean;
  onceWritable(resume: () => void): void;
  end(trailers: readonly string[]): void;
  /** An answer of the gateway itself; `headers` are sent beside its own. */
  problem(problem: Problem, headers: readonly string[]): void;
  /** Ends the connection, or the stream with `reset`, so that the client can't take it for a complete answer. */
  cut(reset?: number): void;
}
