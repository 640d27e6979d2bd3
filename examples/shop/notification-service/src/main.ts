import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import {
  address,
  announce,
  fieldOf,
  identify,
  onStop,
  routeOf,
  Visits,
} from "@cocktail-shop/chassis";
import { notify } from "./notify.ts";
import { suggest } from "./suggestion.ts";

// Nothing here knows about routes: `--import @cocktail/context/register` in cocktail.yaml is all there is.
const self = identify(join(import.meta.dirname, ".."));
const visits = new Visits();
const maxBody = 16_384;

const server = createServer((request, response) => {
  void answer(request, response).catch((error: unknown) => {
    send(response, 400, { title: "BadRequest", status: 400, detail: String(error) });
  });
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url } = request;
  if (url === "/healthz") return send(response, 200, { ok: true });
  if (url === "/version") return send(response, 200, self);
  if (url === "/visits") return send(response, 200, { ...self, visits: visits.list() });
  if (method !== "POST" || url !== "/notifications")
    return send(response, 404, { title: "NotFound" });
  visits.add(request.headers);
  const text = String(fieldOf(await readJson(request), "text"));
  const suggestion = await suggest();
  const answeredBy = [self, ...suggestion.answeredBy];
  send(response, 201, { ...notify(text + suggestion.text), answeredBy });
  console.log(`POST /notifications 201 ${routeOf(request.headers)}`.trim());
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += String(chunk);
    if (text.length > maxBody) throw new Error("too long");
  }
  return JSON.parse(text);
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

server.listen(address(), () => announce(`${self.service}:${self.variant} ${self.version}`, server));
onStop(() => server.close().closeIdleConnections());
