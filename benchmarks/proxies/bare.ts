/**
 * The yardstick: node:http in, undici dispatch out, and nothing else. No routing, no checks, no limits, no trace;
 * what is left is what Node itself costs.
 */
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import { type Dispatcher, Pool } from "undici";

const hopByHop = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
  "expect",
  "te",
  "trailer",
]);

function latin1(text: Buffer | string | undefined): string {
  return typeof text === "string" ? text : (text?.toString("latin1") ?? "");
}

class Forward implements Dispatcher.DispatchHandler {
  readonly #res: ServerResponse;
  constructor(res: ServerResponse) {
    this.#res = res;
  }
  onRequestStart(): void {}
  onResponseStart(ctl: Dispatcher.DispatchController, status: number): void {
    if (status < 200) return;
    // Of HTTP/1.1 it is a flat array.
    const raw = Array.isArray(ctl.rawHeaders) ? ctl.rawHeaders : [];
    const headers: string[] = [];
    for (let at = 0; at < raw.length; at += 2) {
      const name = latin1(raw[at]);
      if (hopByHop.has(name.toLowerCase())) continue;
      headers.push(name, latin1(raw[at + 1]));
    }
    this.#res.writeHead(status, headers);
  }
  onResponseData(ctl: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#res.write(chunk)) return;
    ctl.pause();
    this.#res.once("drain", () => ctl.resume());
  }
  onResponseEnd(): void {
    this.#res.end();
  }
  onResponseError(_ctl: Dispatcher.DispatchController, _error: Error): void {
    if (this.#res.headersSent) this.#res.destroy();
    else this.#res.writeHead(502).end();
  }
}

const pool = new Pool(`http://127.0.0.1:${process.argv[2]}`);
const server = http.createServer((req: IncomingMessage, res: ServerResponse) => {
  const raw = req.rawHeaders;
  const headers: string[] = [];
  let hasBody = false;
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? "";
    const lower = name.toLowerCase();
    if (lower === "content-length" || lower === "transfer-encoding") hasBody = true;
    if (hopByHop.has(lower)) continue;
    headers.push(name, raw[at + 1] ?? "");
  }
  pool.dispatch(
    { path: req.url ?? "/", method: req.method ?? "GET", headers, body: hasBody ? req : null },
    new Forward(res),
  );
});
server.listen(Number(process.argv[3] ?? 0), "127.0.0.1", () => {
  const address = server.address();
  process.stdout.write(`${typeof address === "object" ? address?.port : address}\n`);
});
