// An ordinary CommonJS service that knows nothing of routes; the test preloads the library.
const http = require("node:http");

const { DOWNSTREAM_URL } = process.env;

const server = http.createServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => (body += chunk));
  request.on("end", () => {
    http.get(`${DOWNSTREAM_URL}/http`, (viaHttp) => {
      viaHttp.resume();
      viaHttp.on("end", async () => {
        const viaFetch = await fetch(`${DOWNSTREAM_URL}/fetch`);
        await viaFetch.text();
        response.writeHead(200, { "x-body": body });
        response.end();
      });
    });
  });
});
// A WebSocket, but for its frames: what the socket brings later leads to a call.
server.on("upgrade", (request, socket) => {
  socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n");
  socket.on("data", () => {
    http.get(`${DOWNSTREAM_URL}/message`, (answer) => answer.resume().on("end", () => socket.end()));
  });
});
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
process.on("disconnect", () => process.exit());
