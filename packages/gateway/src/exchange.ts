import { type Hop, isRouted, type ParsedRoute } from "@cocktail/route";
import { type AccessEntry, isLogged, writeAccess } from "./access-log.ts";
import type { Admitted } from "./admission.ts";
import type { InFlight, Connection } from "./connection.ts";
import type { Core } from "./core.ts";
import type { Forward } from "./decide.ts";
import type { Failure } from "./failure.ts";
import type { Head } from "./head.ts";
import type { Incoming } from "./incoming.ts";
import type { Waiting } from "./idle-watch.ts";
import { ownHop, traceHeader } from "./own-hop.ts";
import { type Problem, statusOf } from "./problem.ts";
import type { Reply } from "./reply.ts";
import type { ResponseHead } from "./response-head.ts";
import { passableTrailers } from "./trailers.ts";
import type { Upload } from "./upload.ts";
import type { Upstream } from "./upstream.ts";

/** Aborts the request to the variant. */
export type Abort = (reason: Error) => void;

/**
 * One request between a client and a variant: counts it, completes the head of the response, and ends it exactly once,
 * whichever side ends first. `Reply` and the forwarders transfer the bytes.
 */
export class Exchange implements InFlight, Waiting {
  readonly core: Core;
  readonly connection: Connection;
  readonly method: string;
  readonly path: string;
  readonly head: Head;
  readonly reply: Reply;
  readonly decision: Forward;
  readonly upstream: Upstream;
  readonly #parsed: ParsedRoute;
  readonly #vary: string | undefined;
  readonly #startedAt: number;
  readonly #traced: boolean;
  readonly #routed: boolean;
  readonly #watchesLostRoutes: boolean;
  readonly lost: Hop[] = [];
  /** Set by the forwarder when the request is sent. */
  abortUpstream: Abort | undefined;
  upload: Upload | undefined;
  done = false;
  /** Since when the variant is paused because the client does not read. */
  waitingSince = 0;
  /** True after 101: from then on any end is a normal one. */
  #switched = false;
  #status = 0;
  #bytes = 0;
  #reason: string | undefined;

  constructor(incoming: Incoming, { path, parsed, decision, upstream, vary }: Admitted) {
    const { core, connection, method, head, reply, startedAt } = incoming;
    this.core = core;
    this.connection = connection;
    this.method = method;
    this.path = path;
    this.head = head;
    this.reply = reply;
    this.decision = decision;
    this.upstream = upstream;
    this.#parsed = parsed;
    this.#vary = vary;
    this.#startedAt = startedAt;
    this.#traced = head.wantsTrace;
    this.#routed = isRouted(decision.route);
    this.#watchesLostRoutes = this.#traced && this.#routed;
    upstream.begin(this.#routed);
    connection.add(this);
    if (this.#watchesLostRoutes) core.lostRoutes.begin(upstream.label, this);
  }

  get receiving(): boolean {
    return this.upload !== undefined && !this.upload.complete;
  }

  /** Sends the head of the variant's response, with the gateway's own headers. */
  begin(status: number, message: string, response: ResponseHead, endStream: boolean): void {
    const { reply } = this;
    const fault = describeFault(status, response);
    if (fault !== undefined) {
      this.fail({ code: "VariantProtocolError", what: fault });
      return;
    }
    this.#status = status;
    // Once the variant responds, it does not depend on the rest of the upload.
    if (this.upload !== undefined) this.core.uploadWatch.remove(this.upload);
    this.#addGatewayHeaders(response);
    const { headers, contentLength } = response;
    try {
      reply.begin({ status, message, headers, contentLength, endStream });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.fail({
        code: "VariantProtocolError",
        what: `answered with a head that can't be forwarded: ${why}`,
      });
    }
  }

  /** False: the client reads too slowly; pause, and call `resumeOnceWritable`. */
  data(chunk: Buffer): boolean {
    this.#bytes += chunk.length;
    return this.reply.write(chunk);
  }

  /** Resumes the variant when the client has read what is buffered; limited by `stalledMs`. */
  resumeOnceWritable(resume: () => void): void {
    const { core, reply } = this;
    this.waitingSince = performance.now();
    core.responseWatch.add(this, this.#onClientStalled);
    reply.onceWritable(() => {
      this.waitingSince = 0;
      resume();
    });
  }

  readonly #onClientStalled = (): void => this.#abortReply("ClientStalled");

  /** Aborts a response whose head is sent. */
  #abortReply(reason: string, reset?: number): void {
    this.#reason = reason;
    this.reply.abort(reset);
    this.#finish();
    this.abortUpstream?.(new Error(reason));
  }

  end(trailers: readonly string[]): void {
    if (this.done) return;
    const { reply, core } = this;
    if (!this.#switched)
      reply.end(trailers.length === 0 ? trailers : passableTrailers(trailers, core.vocabulary));
    this.#finish();
  }

  /** The variant failed. Before its head the client gets a problem; after it, the connection is aborted, so that the truncation is visible. */
  fail({ code, what, reset }: Failure): void {
    const { upstream } = this;
    const { service } = upstream.ref;
    const problem: Problem = {
      code,
      detail: `${upstream.label} ${what}`,
      fix: `See the output of ${upstream.label}`,
      service,
      variant: upstream.label,
    };
    this.refuse(problem, reset);
  }

  /** Responds with a problem instead of the variant. `reset`: the error code for an HTTP/2 stream whose response has begun. */
  refuse(problem: Problem, reset?: number): void {
    if (this.done || this.#switched) return;
    const { core, reply } = this;
    core.refusals.count(problem.code);
    if (reply.begun) {
      this.#abortReply("Cut", reset);
      return;
    }
    this.#reason = problem.code;
    this.#status = statusOf(problem);
    reply.problem(problem, this.#traced ? this.#traceLine(undefined) : []);
    this.#finish();
    this.abortUpstream?.(new Error(problem.code));
  }

  /** Adds the gateway's headers to the head of a 101. */
  switchProtocol(response: ResponseHead): void {
    this.#switched = true;
    this.#status = 101;
    this.#addGatewayHeaders(response);
  }

  /** Counts bytes of an upgraded connection sent to the client. */
  countTunnelBytes(bytes: number): void {
    this.#bytes += bytes;
  }

  clientGone(): void {
    if (this.done) return;
    if (!this.#switched) this.#reason = "ClientGone";
    this.#finish();
    this.abortUpstream?.(new Error("the client disconnected"));
  }

  #addGatewayHeaders(response: ResponseHead): void {
    const { core, head, upstream } = this;
    const { names } = core.vocabulary;
    const { headers } = response;
    headers.push(names.served, upstream.label);
    if (this.#vary !== undefined) addVary(headers, this.#vary);
    if (this.#traced) headers.push(...this.#traceLine(response.trace));
    if (response.crossOrigin && head.origin !== undefined) {
      headers.push("access-control-expose-headers", `${names.served}, ${names.trace}`);
      if (this.method === "OPTIONS") {
        const { pins, environment, mode, trace } = names;
        headers.push("access-control-allow-headers", [pins, environment, mode, trace].join(", "));
      }
    }
  }

  #traceLine(below: string | undefined): readonly string[] {
    const { core, connection, decision } = this;
    const ms = performance.now() - this.#startedAt;
    const { resolution, epoch } = decision;
    const hop = ownHop({ role: connection.role, parsed: this.#parsed, resolution, epoch, ms });
    return [core.vocabulary.names.trace, traceHeader(hop, below, this.lost)];
  }

  #finish(): void {
    this.done = true;
    const { core, upstream, connection } = this;
    if (this.#watchesLostRoutes) core.lostRoutes.end(upstream.label, this);
    if (this.upload !== undefined) core.uploadWatch.remove(this.upload);
    core.responseWatch.remove(this);
    const ms = performance.now() - this.#startedAt;
    upstream.tally.count(this.#status, ms);
    upstream.end(this.#routed);
    connection.remove(this);
    if (isLogged(core.accessLog, this.#status, this.#reason))
      writeAccess(core.log, this.#entry(ms));
  }

  #entry(ms: number): AccessEntry {
    const { method, path, head, upstream, connection, decision } = this;
    const { role } = connection;
    return {
      method,
      path,
      host: head.host,
      service: upstream.ref.service,
      variant: upstream.label,
      incarnation: upstream.ref.incarnation,
      via: decision.resolution.via,
      caller: role.kind === "mesh" ? role.caller : undefined,
      // 499 as in nginx: the client disconnected before the response.
      status: this.#status === 0 ? 499 : this.#status,
      reason: this.#reason,
      ms: Math.round(ms * 10) / 10,
      bytes: this.#bytes,
      remote: connection.remote,
    };
  }
}

/** One line with the variant's own, since some caches read no second one. */
function addVary(headers: string[], ours: string): void {
  let own = "";
  for (let at = headers.length - 2; at >= 0; at -= 2) {
    const name = headers[at] ?? "";
    if (name.length !== 4 || name.toLowerCase() !== "vary") continue;
    const value = headers[at + 1] ?? "";
    own = own === "" ? value : `${value}, ${own}`;
    headers.splice(at, 2);
  }
  headers.push("vary", own === "" ? ours : `${own}, ${ours}`);
}

/** Why a well-formed response can't be forwarded; undefined if it can, as far as is known before it is tried. */
function describeFault(status: number, { encoded }: ResponseHead): string | undefined {
  if (encoded) return "answered in an unsupported transfer coding";
  return status < 100 ? `answered with status ${status}, which does not exist` : undefined;
}
