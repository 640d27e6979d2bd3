import type { ServerResponse } from "node:http";
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
  /** Answers of HTTP/1.1 that have not left the process, the gateway's own included; they leave in order. */
  #owed = 0;

  constructor(socket: Socket, place: Place) {
    this.socket = socket;
    this.place = place;
    this.remote = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  }

  get busy(): boolean {
    return this.#carried.size > 0;
  }

  /** True while bytes written to the socket would overtake an answer. */
  get owes(): boolean {
    return this.#owed > 0;
  }

  /** An answer whose turn comes; it counts until it has left, or can't any more. */
  owe(answer: ServerResponse): void {
    this.#owed++;
    answer.on("close", this.#answered);
  }

  readonly #answered = (): void => {
    this.#owed--;
    this.#settle();
  };

  add(work: Carried): void {
    this.#carried.add(work);
  }

  remove(work: Carried): void {
    this.#carried.delete(work);
    this.#settle();
  }

  /** Once nothing is in flight: says what was left to say, or ends what an earlier answer promised to keep. */
  #settle(): void {
    if (this.#owed > 0 || this.busy || this.session !== undefined) return;
    if (this.#lastWords !== undefined) this.sayLast(this.#lastWords);
    else if (this.closing) this.close();
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
    else if (!this.busy && !this.owes) this.socket.destroySoon();
  }

  /** Sends raw bytes after everything that is owed, and ends. */
  sayLast(bytes: string): void {
    this.#lastWords = bytes;
    if (this.busy || this.owes || this.socket.destroyed) return;
    this.socket.end(bytes, "latin1", () => this.socket.destroySoon());
  }
}
