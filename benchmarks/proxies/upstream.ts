/** The service behind every proxy of the comparison: 1 KiB of JSON on a kept-alive connection. */
import http from "node:http";

const body = Buffer.from(JSON.stringify({ text: "x".repeat(1012) }));
const headers = ["Content-Type", "application/json", "Content-Length", String(body.length)];
const server = http.createServer((_req, res) => {
  res.writeHead(200, headers);
  res.end(body);
});
server.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => {
  const address = server.address();
  process.stdout.write(`${typeof address === "object" ? address?.port : address}\n`);
});
