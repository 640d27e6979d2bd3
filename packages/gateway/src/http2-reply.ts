import { constants, type ServerHttp2Stream } from "node:http2";
import { toHttp2Response, toTrailerObject } from "./http2-headers.ts";
import { grpcMessageOf, grpcStatusOf, type Problem, renderProblem, statusOf } from "./problem.ts";
import type { Reply, ReplyHead } from "./reply.ts";

/** Responds on one HTTP/2 stream. */
export class Http2Reply implements Reply {
  begun = false;
  readonly #stream: ServerHttp2Stream;
  readonly #isGrpc: boolean;
  #trailers: readonly string[] = [];
  #endStream = false;

  constructor(stream: ServerHttp2Stream, isGrpc: boolean) {
    this.#stream = stream;
    this.#isGrpc = isGrpc;
  }

  informational(status: number, headers: string[]): void {
    // 101 does not exist in HTTP/2 (RFC 9113 8.6).
    if (status === 101 || !this.#open) return;
    this.#stream.additionalHeaders(objectOf(status, headers));
  }

  begin({ status, headers, endStream }: ReplyHead): void {
    if (this.#open) {
      const options = { endStream, waitForTrailers: !endStream };
      this.#stream.respond(toHttp2Response(status, headers), options);
    }
    this.begun = true;
    this.#endStream = endStream;
    if (!this.#open) return;
    if (endStream) this.#stopUpload();
    else this.#stream.once("wantTrailers", this.#sendTrailers);
  }

  write(chunk: Buffer): boolean {
    return this.#open && !this.#endStream ? this.#stream.write(chunk) : true;
  }

  onceWritable(resume: () => void): void {
    this.#stream.once("drain", resume);
  }

  end(trailers: readonly string[]): void {
    this.#trailers = trailers;
    if (!this.#endStream) this.#stream.end();
  }

  problem(problem: Problem, headers: readonly string[]): void {
    if (this.begun || !this.#open) return;
    if (this.#isGrpc) {
      this.#grpcProblem(problem, headers);
      return;
    }
    const type = ["content-type", "application/problem+json", "cache-control", "no-store"];
    this.begin({
      status: statusOf(problem),
      message: "",
      headers: [...type, ...headers],
      contentLength: -1,
      endStream: false,
    });
    this.#stream.end(renderProblem(problem));
  }

  abort(reset = constants.NGHTTP2_NO_ERROR): void {
    const { NGHTTP2_NO_ERROR, NGHTTP2_INTERNAL_ERROR } = constants;
    this.#stream.close(reset === NGHTTP2_NO_ERROR ? NGHTTP2_INTERNAL_ERROR : reset);
  }

  get #open(): boolean {
    return !this.#stream.destroyed && !this.#stream.closed;
  }

  /** gRPC clients read the status from the trailers and ignore bodies. */
  #grpcProblem(problem: Problem, headers: readonly string[]): void {
    const own = [
      "content-type",
      "application/grpc",
      "grpc-status",
      String(grpcStatusOf(problem)),
      "grpc-message",
      grpcMessageOf(problem),
    ];
    this.begin({
      status: 200,
      message: "",
      headers: [...own, ...headers],
      contentLength: -1,
      endStream: true,
    });
  }

  /** After a complete response the rest of the request is not needed (RFC 9113 8.1), and may never end. */
  #stopUpload(): void {
    const stream = this.#stream;
    if (stream.endAfterHeaders || stream.readableEnded) return;
    stream.resume();
    setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR));
  }

  readonly #sendTrailers = (): void => {
    if (this.#stream.destroyed) return;
    this.#stream.sendTrailers(toTrailerObject(this.#trailers));
    this.#stopUpload();
  };
}

function objectOf(status: number, headers: readonly string[]): Record<string, string | string[]> {
  return { ...toTrailerObject(headers), ":status": String(status) };
}
