import type { ServerResponse } from "node:http";
import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { ListenerRole } from "./listener-role.ts";
import type { Problem } from "./problem.ts";

/** A request on a connection; ended when the client disconnects. */
export interface InFlight {
  /** True until its body is complete. */
  readonly receiving: boolean;
  clientGone(): void;
  refuse(problem: Problem): void;
}

/** One client connection of a listener, from accept to close. */
export class Connection {
  readonly socket: Socket;
  readonly role: ListenerRole;
  /** The client's address, as written in `X-Forwarded-For`. */
  readonly remote: string;
  readonly #inFlight = new Set<InFlight>();
  /** True when the listener is closing: responses carry `Connection: close`. */
  closing = false;
  /** True when no further request is read: the parser failed, or a response closes the connection. */
  inputClosed = false;
  /** Set for an HTTP/2 connection. */
  session: ServerHttp2Session | undefined;
  /** Written after all pending responses; then the connection is closed. */
  #finalResponse: string | undefined;
  /** HTTP/1.1 responses that are not fully sent, the gateway's own included; they are sent in order. */
  readonly #pendingResponses: ServerResponse[] = [];

  constructor(socket: Socket, role: ListenerRole) {
    this.socket = socket;
    this.role = role;
    this.remote = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  }

  get busy(): boolean {
    return this.#inFlight.size > 0;
  }

  /** True while bytes written to the socket would overtake a response. */
  get hasPendingResponses(): boolean {
    return this.#pendingResponses.length > 0;
  }

  /** Counts a response as pending until it is sent or its connection is lost. */
  trackResponse(response: ServerResponse): void {
    this.#pendingResponses.push(response);
    response.on("close", this.#responseClosed);
  }

  readonly #responseClosed = (): void => {
    this.#pendingResponses.shift();
    this.#settle();
  };

  /** The answer that is sent now. */
  get currentResponse(): ServerResponse | undefined {
    return this.#pendingResponses[0];
  }

  add(work: InFlight): void {
    this.#inFlight.add(work);
  }

  remove(work: InFlight): void {
    this.#inFlight.delete(work);
    this.#settle();
  }

  /** When nothing is in flight: writes the final response, or closes a connection whose earlier response said keep-alive. */
  #settle(): void {
    if (this.hasPendingResponses || this.busy || this.session !== undefined) return;
    if (this.#finalResponse !== undefined) this.writeFinalResponse(this.#finalResponse);
    else if (this.closing) this.close();
  }

  /** The client closed the connection, or it broke. */
  onClosed(): void {
    for (const work of [...this.#inFlight]) work.clientGone();
  }

  /** Refuses the request whose body can no longer be read; false where there is none. */
  refuseUpload(problem: Problem): boolean {
    const receiving = [...this.#inFlight].find((work) => work.receiving);
    receiving?.refuse(problem);
    return receiving !== undefined;
  }

  /** Closes an idle connection; a busy one is closed after its last response. */
  close(): void {
    this.closing = true;
    if (this.session !== undefined) this.session.close();
    else if (!this.busy && !this.hasPendingResponses) this.socket.destroySoon();
  }

  /** Sends raw bytes after all pending responses, and closes. */
  writeFinalResponse(bytes: string): void {
    this.#finalResponse = bytes;
    if (this.busy || this.hasPendingResponses || this.socket.destroyed) return;
    this.socket.end(bytes, "latin1", () => this.socket.destroySoon());
  }
}
