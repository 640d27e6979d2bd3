import type { ServerResponse } from "node:http";
import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { Place } from "./place.ts";
import type { Problem } from "./problem.ts";

/** Work a connection carries; ended when the client goes. */
export interface InFlight {
  /** True while its body is still coming. */
  readonly receiving: boolean;
  clientGone(): void;
  refuse(problem: Problem): void;
}

/** One client connection of a listener, from accept to close. */
export class Connection {
  readonly socket: Socket;
  readonly place: Place;
  /** The client's address, as written in `X-Forwarded-For`. */
  readonly remote: string;
  readonly #inFlight = new Set<InFlight>();
  /** True when the listener stops: answers say `Connection: close`. */
  closing = false;
  /** True when nothing that comes after is read: the parser gave up, or the last answer said so. */
  broken = false;
  /** Set once it turned out to speak HTTP/2. */
  session: ServerHttp2Session | undefined;
  /** Written when the requests before it are answered; then the connection ends. */
  #finalResponse: string | undefined;
  /** Answers of HTTP/1.1 that have not left the process, the gateway's own included; they leave in order. */
  readonly #pendingResponses = new Set<ServerResponse>();

  constructor(socket: Socket, place: Place) {
    this.socket = socket;
    this.place = place;
    this.remote = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  }

  get busy(): boolean {
    return this.#inFlight.size > 0;
  }

  /** True while bytes written to the socket would overtake an answer. */
  get hasPendingResponses(): boolean {
    return this.#pendingResponses.size > 0;
  }

  /** An answer whose turn comes; it counts until it has left, or can't any more. */
  trackResponse(answer: ServerResponse): void {
    this.#pendingResponses.add(answer);
    answer.on("close", () => {
      this.#pendingResponses.delete(answer);
      this.#settle();
    });
  }

  /** The answer that is sent now. */
  get currentResponse(): ServerResponse | undefined {
    return this.#pendingResponses.values().next().value;
  }

  add(work: InFlight): void {
    this.#inFlight.add(work);
  }

  remove(work: InFlight): void {
    this.#inFlight.delete(work);
    this.#settle();
  }

  /** Once nothing is in flight: says what was left to say, or ends what an earlier answer promised to keep. */
  #settle(): void {
    if (this.hasPendingResponses || this.busy || this.session !== undefined) return;
    if (this.#finalResponse !== undefined) this.writeFinalResponse(this.#finalResponse);
    else if (this.closing) this.close();
  }

  /** The client closed the connection, or it broke. */
  gone(): void {
    for (const work of [...this.#inFlight]) work.clientGone();
  }

  /** Answers the request whose body can't be read any further; false where there is none. */
  refuseUpload(problem: Problem): boolean {
    const receiving = [...this.#inFlight].find((work) => work.receiving);
    receiving?.refuse(problem);
    return receiving !== undefined;
  }

  /** Ends it when it is idle; a busy one is ended by its last answer. */
  close(): void {
    this.closing = true;
    if (this.session !== undefined) this.session.close();
    else if (!this.busy && !this.hasPendingResponses) this.socket.destroySoon();
  }

  /** Sends raw bytes after everything that is owed, and ends. */
  writeFinalResponse(bytes: string): void {
    this.#finalResponse = bytes;
    if (this.busy || this.hasPendingResponses || this.socket.destroyed) return;
    this.socket.end(bytes, "latin1", () => this.socket.destroySoon());
  }
}
