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
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
process.on("disconnect", () => process.exit());
