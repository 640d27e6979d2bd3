import { Agent, type IncomingMessage, request as send } from "node:http";

/** A request that a test wants to be sent from inside the pod, with its header lines as they are. */
export interface Order {
  readonly host: string;
  readonly port: number;
  readonly method?: string;
  readonly path?: string;
  /** Names and values in turn, so that a line may be repeated. */
  readonly headers?: readonly string[];
}

export interface Answer {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
  /** Set where there was no answer. */
  readonly error?: string | undefined;
}

const agent = new Agent({ keepAlive: true, maxSockets: 32 });
/** With a sidecar that intercepts nothing, every service is reached at this address by its Host. */
const via = process.env["COCKTAIL_TEST_VIA"];

export function parseOrders(text: string): readonly Order[] {
  const orders: unknown = JSON.parse(text);
  if (!Array.isArray(orders)) throw new Error("POST /send takes an array of requests");
  return orders as readonly Order[];
}

/** One request, through this pod's sidecar where it has one. Never rejects. */
function sendOne({ host, port, method = "GET", path = "/", headers = [] }: Order): Promise<Answer> {
  return new Promise((resolve) => {
    const lines = ["host", `${host}:${port}`, ...headers];
    const request = send({
      agent,
      host: via ?? host,
      port,
      method,
      path,
      headers: lines,
      setDefaultHeaders: false,
    });
    const fail = (error: Error): void =>
      resolve({ status: 0, headers: [], body: "", error: error.message });
    request.on("error", fail);
    request.on("response", (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (body += chunk));
      response.on("error", fail);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.rawHeaders, body }),
      );
    });
    request.end();
  });
}

/** Sends the requests, 32 at a time, and answers in their order. */
export async function sendAll(orders: readonly Order[]): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < orders.length; index = next++) {
      const order = orders[index];
      if (order !== undefined) answers[index] = await sendOne(order);
    }
  };
  await Promise.all(Array.from({ length: 32 }, worker));
  return answers;
}

/** Calls `host:port/rest of the hops`, forwarding the headers that carry a route. */
export async function callNext(incoming: IncomingMessage, hops: string): Promise<unknown> {
  const [first = "", ...rest] = hops.split("/");
  const [host = "", port = "80"] = first.split(":");
  const carries = (name: string): boolean =>
    /route/i.test(name) || name.toLowerCase() === "baggage";
  const { rawHeaders } = incoming;
  const headers = rawHeaders.filter((_, i) => carries(rawHeaders[i - (i % 2)] ?? ""));
  const path = rest.length === 0 ? "/" : `/next/${rest.join("/")}`;
  const answer = await sendOne({ host, port: Number(port), path, headers });
  return answer.body.startsWith("{") ? JSON.parse(answer.body) : answer;
}
