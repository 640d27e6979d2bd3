import type { EventEmitter } from "node:events";
import http from "node:http";
import https from "node:https";
import { enter, type EnteredRequest } from "./entry.ts";

/** Events of a server whose first two arguments are a request and what answers it. */
const requestEvents = new Set<string | symbol>([
  "request",
  "checkContinue",
  "checkExpectation",
  "upgrade",
  "connect",
]);

let followed = false;

/**
 * Makes every server of `node:http` and `node:https` enter its requests' contexts, with whatever framework: the listeners
 * of the server are run in it. The prototypes are what CommonJS and ES modules share.
 */
export function followServers(): void {
  if (followed) return;
  followed = true;
  for (const prototype of [http.Server.prototype, https.Server.prototype]) follow(prototype);
}

function follow(prototype: EventEmitter): void {
  const { emit } = prototype;
  prototype.emit = function emitInContext(event: string | symbol, ...args: unknown[]): boolean {
    if (!requestEvents.has(event)) return emit.call(this, event, ...args);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what Node emits these events with
    const [request, peer] = args as [EnteredRequest, EventEmitter];
    return enter(request, peer, () => emit.call(this, event, ...args));
  };
}
