import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { Place } from "./place.ts";
import type { Problem } from "./problem.ts";

/** Work a connection carries; ended when the client goes. */
export interface Carried {
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
  readonly #carried = new Set<Carried>();
  /** True when the listener stops: answers say `Connection: close`. */
  closing = false;
  /** True when nothing that comes after is read: the parser gave up, or the last answer said so. */
  broken = false;
  /** Set once it turned out to speak HTTP/2. */
  session: ServerHttp2Session | undefined;
  /** Written when the requests before it are answered; then the connection ends. */
  #lastWords: string | undefined;

  constructor(socket: Socket, place: Place) {
    this.socket = socket;
    this.place = place;
    this.remote = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  }

  get busy(): boolean {
    return this.#carried.size > 0;
  }

  add(work: Carried): void {
    this.#carried.add(work);
  }

  remove(work: Carried): void {
    this.#carried.delete(work);
    if (this.#carried.size > 0 || this.session !== undefined) return;
    if (this.#lastWords !== undefined) this.sayLast(this.#lastWords);
    // An answer begun before the listener was to stop has promised to keep the connection.
    else if (this.closing) setImmediate(() => this.close());
  }

  /** The client closed the connection, or it broke. */
  gone(): void {
    for (const work of [...this.#carried]) work.clientGone();
  }

  /** Answers the request whose body can't be read any further; false where there is none. */
  refuseUpload(problem: Problem): boolean {
    const receiving = [...this.#carried].find((work) => work.receiving);
    receiving?.refuse(problem);
    return receiving !== undefined;
  }

  /** Ends it when it is idle; a busy one is ended by its last answer. */
  close(): void {
    this.closing = true;
    if (this.session !== undefined) this.session.close();
    else if (!this.busy) this.socket.destroySoon();
  }

  /** Sends raw bytes after everything that is owed, and ends. */
  sayLast(bytes: string): void {
    this.#lastWords = bytes;
    if (this.busy || this.socket.destroyed) return;
    this.socket.end(bytes, "latin1", () => this.socket.destroySoon());
  }
}
