import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import {
  address,
  announce,
  BadRequest,
  fieldOf,
  identify,
  onStop,
  problemFor,
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
    if (response.destroyed) return; // The caller went away.
    const problem = problemFor(error);
    send(response, problem.status, problem);
  });
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url } = request;
  if (url === "/healthz") return send(response, 200, { ok: true });
  if (url === "/version") return send(response, 200, self);
  if (url === "/visits") return send(response, 200, { ...self, visits: visits.list() });
  if (method !== "POST" || url !== "/notifications")
    throw new BadRequest(404, `no ${method} ${url} here`);
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
    if (text.length > maxBody) throw new BadRequest(413, `more than ${maxBody} characters`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new BadRequest(400, "the body is not JSON");
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const type = status < 400 ? "application/json" : "application/problem+json";
  response.writeHead(status, { "content-type": type }).end(JSON.stringify(body));
}

server.listen(address(), () => announce(`${self.service}:${self.variant} ${self.version}`, server));
onStop(() => server.close().closeIdleConnections());
