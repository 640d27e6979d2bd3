import type { Dispatcher } from "undici";
import { wasReused } from "./connector.ts";
import type { Exchange } from "./exchange.ts";
import { describeFailure, mayRetry } from "./failure.ts";
import { readResponseHead } from "./response-head.ts";

type Raw = readonly (Buffer | string)[];

/** Forwards an exchange to a variant over HTTP/1.1, and the response back. */
export class Http1Forward implements Dispatcher.DispatchHandler {
  readonly #exchange: Exchange;
  readonly #options: Dispatcher.DispatchOptions;
  #controller: Dispatcher.DispatchController | undefined;
  #attempts = 0;
  #answered = false;
  #resume: (() => void) | undefined;
  /** Runs while the request waits for a connection; later undici has its own timer. */
  #waiting: NodeJS.Timeout | undefined;

  /** `upgrade`: the protocol to request. */
  constructor(exchange: Exchange, headers: string[], upgrade: string | null = null) {
    this.#exchange = exchange;
    const { method, path, upstream } = exchange;
    this.#options = {
      method,
      path: upstream.prefix === "" ? path : upstream.prefix + path,
      headers,
      body: exchange.upload ?? null,
      // Otherwise undici closes the connection after each HEAD.
      reset: false,
      upgrade,
    };
    exchange.abortUpstream = this.#abort.bind(this);
  }

  send(): void {
    const { connection, core, head, upstream } = this.#exchange;
    this.#attempts++;
    this.#controller = undefined;
    clearTimeout(this.#waiting);
    upstream.poolFor(connection.socket, head.bindsConnection).dispatch(this.#options, this);
    if (this.#controller !== undefined || this.#exchange.done) return;
    const { responseHeadMs } = core.limits;
    if (responseHeadMs > 0) this.#waiting = setTimeout(this.#giveUp, responseHeadMs);
  }

  readonly #giveUp = (): void =>
    this.#exchange.fail({
      code: "VariantTimeout",
      what: "had no free connection in time",
    });

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    clearTimeout(this.#waiting);
    // The client may have disconnected, or the gateway responded, while the request waited for a connection.
    if (this.#exchange.done) controller.abort(new Error("the request has already ended"));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    message = "",
  ): void {
    this.#answered = true;
    const exchange = this.#exchange;
    if (exchange.done) return;
    const { core, reply } = exchange;
    const response = readResponseHead(status, rawOf(controller.rawHeaders), core.vocabulary.names);
    if (status >= 100 && status < 200) reply.informational(status, response.headers);
    else exchange.begin(status, message, response, false);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const exchange = this.#exchange;
    if (exchange.done || exchange.data(chunk)) return;
    controller.pause();
    this.#resume ??= () => this.#controller?.resume();
    exchange.resumeOnceWritable(this.#resume);
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    const trailers = rawOf(controller.rawTrailers);
    this.#exchange.end(trailers.length === 0 ? noTrailers : trailers.map(textOf));
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    const exchange = this.#exchange;
    clearTimeout(this.#waiting);
    if (exchange.done) return;
    const retry = mayRetry({
      method: exchange.method,
      hasBody: exchange.upload !== undefined,
      reused: wasReused(error),
      answered: this.#answered,
      attempts: this.#attempts,
    });
    if (!retry) {
      exchange.fail(describeFailure(error));
      return;
    }
    // Delayed, so that undici has noticed the other idle connections that closed at the same time.
    setImmediate(() => {
      if (!exchange.done) this.send();
    });
  }

  #abort(reason: Error): void {
    clearTimeout(this.#waiting);
    this.#controller?.abort(reason);
    this.#exchange.upload?.destroy();
  }
}

const noTrailers: readonly string[] = Object.freeze([]);

function rawOf(raw: Dispatcher.DispatchController["rawHeaders"]): Raw {
  return Array.isArray(raw) ? raw : noTrailers;
}

function textOf(part: Buffer | string): string {
  return typeof part === "string" ? part : part.toString("latin1");
}
