/**
 * A service that costs less than any proxy before it: 1 KiB of JSON for every request head that arrives, whatever it asks.
 * `plain-answers.ts PORT ADDRESS`.
 */
import net from "node:net";

const body = JSON.stringify({ text: "x".repeat(1012) });
const answer = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
const headEnd = "\r\n\r\n";

net
  .createServer({ noDelay: true }, (socket) => {
    // A proxy sends the next request on a connection after the answer, and these have no bodies.
    let head = "";
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      head += chunk;
      if (!head.endsWith(headEnd)) return;
      head = "";
      socket.write(answer);
    });
    socket.on("error", () => socket.destroy());
  })
  .listen(Number(process.argv[2]), process.argv[3]);
process.on("SIGTERM", () => process.exit(0));
