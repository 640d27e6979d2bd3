// Knows nothing of routes, and nothing of OpenTelemetry either: the command preloads it.
const { createServer } = require("node:http");

const { HOST, PORT, ECHO_URL, OUTSIDE_URL } = process.env;

createServer(async (request, response) => {
  const address = request.url === "/outside" ? OUTSIDE_URL : ECHO_URL + request.url;
  const answer = await fetch(address);
  response.writeHead(answer.status).end(await answer.text());
}).listen(PORT, HOST);
