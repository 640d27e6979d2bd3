/** http-proxy-3 as its README sets it up, with the keep-alive agent without which it opens a connection a request. */
import http from "node:http";
import { createProxyServer } from "http-proxy-3";

const agent = new http.Agent({ keepAlive: true, maxSockets: 512 });
const proxy = createProxyServer({ target: `http://127.0.0.1:${process.argv[2]}`, agent });
const server = http.createServer((req, res) => {
  proxy.web(req, res, {}, () => {
    if (!res.headersSent) res.writeHead(502);
    res.end();
  });
});
server.listen(Number(process.argv[3] ?? 0), "127.0.0.1", () => {
  const address = server.address();
  process.stdout.write(`${typeof address === "object" ? address?.port : address}\n`);
});
