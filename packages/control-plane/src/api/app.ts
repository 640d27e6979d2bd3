import type { Socket } from "node:net";
import type { Problem } from "@cocktail/client";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { serializerCompiler } from "fastify-type-provider-zod";
import type { Logger } from "../log.ts";
import { problemOfFailure } from "./failure.ts";
import { type Caller, checkHost, checkToken } from "./guard.ts";
import { type ProblemDetails, problemOf } from "./problems.ts";

export interface AppOptions {
  readonly token: string;
  /** Names, beside those of loopback, that Host may say. */
  readonly hosts: ReadonlySet<string>;
  readonly log: Logger;
}

const maxBodyLength = 1024 * 1024;
/** Of a request's head and body together. Answers may take longer. */
const requestTimeoutMs = 15_000;
const maxConnections = 1_024;

/** The server without its operations: limits, guards, and problems for everything that goes wrong. */
export function createApp({ token, hosts, log }: AppOptions): FastifyInstance {
  const app = fastify({
    bodyLimit: maxBodyLength,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: 10_000,
    routerOptions: { maxParamLength: 300, ignoreTrailingSlash: false },
    http: { maxHeaderSize: 16_384, connectionsCheckingInterval: 5_000 },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => void sendFailure(error, request, reply, log),
    return503OnClosing: false,
  });
  app.server.maxConnections = maxConnections;
  app.setSerializerCompiler(serializerCompiler);
  // Operations parse their input themselves, so that all faults of all parts are told at once.
  app.setValidatorCompiler(() => (value: unknown) => ({ value }));
  takeJsonOnly(app);
  app.addHook("onRequest", async (request) => {
    const caller = callerOf(request);
    checkHost(caller, hosts);
    checkToken(caller, token, request.routeOptions.config.isChange === true);
    await Promise.resolve();
  });
  app.setErrorHandler((error: unknown, request, reply) => sendFailure(error, request, reply, log));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      reply,
      problemOf("NOT_FOUND", {
        detail: `there is no operation ${request.method} ${request.url.slice(0, 200)}`,
        fix: "GET /v1/openapi.json lists the operations",
      }),
    ),
  );
  return app;
}

/** An empty body is no body, whatever its type says: the operation knows whether it needs one. */
function takeJsonOnly(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<string>(
    "application/json",
    { parseAs: "string" },
    (request, body, done) => {
      if (body === "") done(null, undefined);
      else void parse(request, body, done);
    },
  );
}

function callerOf(request: FastifyRequest): Caller {
  return {
    // Of several Host lines Node gives the first; a second one must not say something else.
    host: hasOneHost(request) ? request.headers.host : undefined,
    authorization: request.headers.authorization,
    remoteAddress: request.socket.remoteAddress,
  };
}

function hasOneHost(request: FastifyRequest): boolean {
  return (request.raw.headersDistinct["host"] ?? []).length <= 1;
}

function sendFailure(
  failure: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Logger,
): FastifyReply {
  const { problem, isBug } = problemOfFailure(failure);
  if (isBug) {
    const fields = { reason: "ApiFault", method: request.method, url: request.url, err: failure };
    log.error(fields, "a request failed that should not");
  }
  if (problem.retryable) void reply.header("retry-after", "1");
  if (problem.code === "UNAUTHORIZED") void reply.header("www-authenticate", "Bearer");
  return sendProblem(reply, problem);
}

function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply
    .code(problem.status)
    .type("application/problem+json")
    .serializer(String)
    .send(JSON.stringify(problem));
}

/** What Node's parser refuses never becomes a request. */
function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const { code, details } = clientProblems[error.code ?? ""] ?? malformed;
  const problem = problemOf(code, details);
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${problem.status} Refused\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

interface ClientProblem {
  readonly code: "INVALID" | "TOO_LARGE";
  readonly details: ProblemDetails;
}
const malformed: ClientProblem = {
  code: "INVALID",
  details: { detail: "this is not an HTTP request", fix: "send HTTP/1.1" },
};
const clientProblems: Readonly<Record<string, ClientProblem>> = {
  HPE_HEADER_OVERFLOW: {
    code: "TOO_LARGE",
    details: { status: 431, detail: "the headers are longer than 16 KiB", fix: "send less" },
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    code: "INVALID",
    details: { status: 408, detail: "the request took too long to arrive", fix: "send it again" },
  },
};
