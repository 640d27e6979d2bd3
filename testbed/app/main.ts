// The application in test pods: says who it is, calls the next hop, sends the requests that a test asks for. No dependencies, since it is
// also packed into an image.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { callNext, sendAll, parseOrders } from "./calls.ts";

const service = process.env["SERVICE"] ?? "app";
const variant = process.env["VARIANT"] ?? "stable";
const port = Number(process.env["PORT"] ?? "8080");

/** Who answered, and what arrived. */
function identity(request: IncomingMessage): object {
  return {
    served: `${service}:${variant}`,
    pod: process.env["POD_NAME"] ?? "",
    method: request.method,
    path: request.url,
    headers: request.rawHeaders,
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = "";
  request.setEncoding("utf8");
  for await (const chunk of request) text += String(chunk);
  return text;
}

function answerJson(response: ServerResponse, body: unknown): void {
  response.setHeader("content-type", "application/json");
  response.end(`${JSON.stringify(body)}\n`);
}

/** A line every 100 ms, then END: a long answer that must survive what happens to routes meanwhile. */
function answerSlowly(response: ServerResponse, ms: number): void {
  const end = Date.now() + ms;
  response.writeHead(200, { "content-type": "text/plain" });
  const timer = setInterval(() => {
    response.write(`${service}:${variant}\n`);
    if (Date.now() < end) return;
    clearInterval(timer);
    response.end("END\n");
  }, 100);
  response.on("close", () => clearInterval(timer));
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://app");
  const next = /^\/next\/(.+)$/.exec(url.pathname)?.[1];
  if (next !== undefined)
    answerJson(response, { ...identity(request), next: await callNext(request, next) });
  else if (url.pathname === "/slow") answerSlowly(response, Number(url.searchParams.get("ms")));
  else if (url.pathname === "/send")
    answerJson(response, await sendAll(parseOrders(await readBody(request))));
  else answerJson(response, identity(request));
}

const server = createServer({ maxHeaderSize: 128 * 1024 }, (request, response) => {
  answer(request, response).catch((error: unknown) => {
    if (!response.headersSent) response.writeHead(500, { "content-type": "text/plain" });
    response.end(String(error));
  });
});

// A proxy may send a request on an idle connection just as it is closed, and answers 503 then: a failure that no test is about.
server.keepAliveTimeout = 0;

server.on("upgrade", (_request, socket) => {
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n",
  );
  socket.on("data", (data: Buffer) =>
    socket.write(`${service}:${variant} ${data.toString("latin1")}`),
  );
  socket.on("error", () => socket.destroy());
});

// Its own address alone: without interception the sidecar listens on 127.0.0.1 at the same ports.
server.listen(port, process.env["POD_IP"] ?? "0.0.0.0");
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
