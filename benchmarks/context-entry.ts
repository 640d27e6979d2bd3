import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { current, withRoute } from "@cocktail/context";

/**
 * What the library adds to a request in one process, without a network: the least of many batches, which a busy machine hardly
 * changes. `node --conditions=@cocktail/source benchmarks/context-entry.ts`.
 */
const batches = 40;
const batch = 20_000;
/** While the code is being compiled. */
const ignored = 5;

const pins = "payment-service:mp-101::cart-service:mp-102::order-service:rc";
const host = ["Host", "127.0.0.1:8080"];
const socket = new Socket();
let heard = 0;

/** What Node's parser gives a request its headers by. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- private to Node, and tried below
const addHeaderLines = Reflect.get(IncomingMessage.prototype, "_addHeaderLines") as (
  this: IncomingMessage,
  list: string[],
  count: number,
) => void;

/** Of Node, at the end of a request that was answered. */
function clearIncoming(): void {
  heard++;
}

/** A service that reads a header and answers. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  heard += request.headers.host?.length ?? 0;
  response.emit("prefinish");
  response.emit("finish");
}

/** The events are those of a GET, in the order and with the listeners that Node has. */
function serve(rawHeaders: string[], listener: (...pair: Pair) => void): void {
  const request = new IncomingMessage(socket);
  addHeaderLines.call(request, rawHeaders, rawHeaders.length);
  const response: Pair[1] = new ServerResponse(request);
  response.on("finish", () => request.on("end", clearIncoming));
  listener(request, response);
  request.emit("readable");
  request.emit("resume");
  response.emit("close");
  request.emit("end");
  request.emit("close");
}
type Pair = [IncomingMessage, ServerResponse & { req: IncomingMessage }];

const inContext = withRoute(answer, { leakGuard: false });
serve([...host, "x-service-route", pins], (request, response) => {
  withRoute(() => {
    if (current().key !== pins) throw new Error("this Node gives requests their headers otherwise");
  })(request, response);
});
const cases = [
  { name: "unrouted", rawHeaders: host },
  { name: "three pins", rawHeaders: [...host, "x-service-route", pins] },
].map((each) => ({ ...each, plain: Number.POSITIVE_INFINITY, context: Number.POSITIVE_INFINITY }));

for (let at = 0; at < batches; at++) {
  for (const each of cases) {
    const plain = nanoseconds(() => serve(each.rawHeaders, answer));
    const context = nanoseconds(() => serve(each.rawHeaders, inContext));
    if (at < ignored) continue;
    each.plain = Math.min(each.plain, plain);
    each.context = Math.min(each.context, context);
  }
}
if (heard === 0) throw new Error("nothing was served");
console.log("| request | CPU ns plain | CPU ns added |");
console.log("|---|---|---|");
for (const { name, plain, context } of cases)
  console.log(`| ${name} | ${plain.toFixed(0)} | ${(context - plain).toFixed(0)} |`);

/** Processor time of one call. */
function nanoseconds(work: () => void): number {
  const before = process.cpuUsage();
  for (let at = 0; at < batch; at++) work();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / batch;
}
