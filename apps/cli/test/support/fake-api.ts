import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Problem } from "@cocktail/client";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
}
export interface Answered {
  readonly status?: number;
  readonly type?: string;
  readonly body: object | string;
}
type Answer = (asked: Asked, before: number) => Answered | Promise<Answered>;
/** By `METHOD /path`: a body, or a function of the number of earlier requests. */
export type Answers = Readonly<Record<string, object | Answer>>;

export interface FakeApi extends AsyncDisposable {
  readonly url: string;
  readonly asked: readonly Asked[];
  /** The environment variables that point a command to it. */
  readonly env: Readonly<Record<string, string>>;
}

/** An HTTP server on a real socket with the responses of a test; 404 for other requests. */
export async function startFakeApi(answers: Answers): Promise<FakeApi> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const now = await read(request);
      const same = asked.filter(({ method, path }) => method === now.method && path === now.path);
      asked.push(now);
      const given = await answerOf(answers, now, same.length);
      const status = given.status ?? 200;
      const type = status >= 400 ? "application/problem+json" : "application/json";
      response.writeHead(status, { "content-type": given.type ?? type });
      response.end(typeof given.body === "string" ? given.body : JSON.stringify(given.body));
    })();
  });
  await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
  const url = `http://127.0.0.1:${portOf(server)}`;
  return {
    url,
    asked,
    env: { COCKTAIL_API: url, COCKTAIL_TOKEN: "secret" },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((settle) => server.close(settle));
    },
  };
}

export function portOf(server: Server): number {
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null, "it listens");
  return address.port;
}

export function problem(
  code: Problem["code"],
  status: number,
  more: Partial<Problem> = {},
): Answered {
  const retryable = status === 503;
  const texts = {
    type: "about:blank",
    title: code,
    detail: `detail of ${code}`,
    fix: `fix of ${code}`,
  };
  return { status, body: { ...texts, status, code, retryable, ...more } };
}

async function read(request: IncomingMessage): Promise<Asked> {
  const url = new URL(request.url ?? "/", "http://fake");
  const text = (await request.toArray()).map(String).join("");
  const body: unknown = text === "" ? {} : JSON.parse(text);
  return {
    method: request.method ?? "",
    path: url.pathname,
    query: url.searchParams,
    body: typeof body === "object" ? { ...body } : {},
  };
}

async function answerOf(answers: Answers, now: Asked, before: number): Promise<Answered> {
  const answer = answers[`${now.method} ${now.path}`];
  if (answer === undefined) return problem("NOT_FOUND", 404);
  return isFunction(answer) ? await answer(now, before) : { body: answer };
}

function isFunction(answer: object | Answer): answer is Answer {
  return typeof answer === "function";
}
