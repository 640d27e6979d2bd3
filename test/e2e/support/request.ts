import { type Agent, request } from "node:http";

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly served: string | undefined;
}

export interface Ask {
  /** `host:port` to connect to. */
  readonly edge: string;
  readonly host: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly agent?: Agent;
}

/** One GET, with a Host of its own: names under `localhost` don't resolve everywhere. */
export function get(ask: Ask): Promise<Answer> {
  const [hostname, port] = ask.edge.split(":");
  return new Promise((settle, fail) => {
    const options = {
      hostname,
      port,
      path: ask.path ?? "/",
      headers: { ...ask.headers, host: ask.host },
      timeout: 30_000,
      ...(ask.agent && { agent: ask.agent }),
    };
    const outgoing = request(options, (incoming) => {
      let body = "";
      incoming.setEncoding("utf8").on("data", (text: string) => (body += text));
      incoming.on("error", fail);
      incoming.on("end", () => {
        const served = incoming.headers["x-route-served"];
        settle({
          status: incoming.statusCode ?? 0,
          body,
          headers: incoming.headers,
          served: typeof served === "string" ? served : undefined,
        });
      });
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer within 30 s")));
    outgoing.on("error", fail);
    outgoing.end();
  });
}
