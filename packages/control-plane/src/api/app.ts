import type { Problem } from "@cocktail/client";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { serializerCompiler } from "fastify-type-provider-zod";
import type { Logger } from "../log.ts";
import { answerClientError, refuseExpectations } from "./client-errors.ts";
import { problemOfFailure } from "./failure.ts";
import { type Caller, checkHost, checkToken } from "./guard.ts";
import { problemOf } from "./problems.ts";

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
    // A request without a Host is refused by the guard, which says why.
    http: {
      maxHeaderSize: 16_384,
      connectionsCheckingInterval: 5_000,
      requireHostHeader: false,
    },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) =>
      void sendFailure(hostFault(request, hosts) ?? error, request, reply, log),
    return503OnClosing: false,
  });
  app.server.maxConnections = maxConnections;
  refuseExpectations(app.server);
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

/** What fastify refuses before any hook is told nothing either, where its Host is not ours. */
function hostFault(request: FastifyRequest, hosts: ReadonlySet<string>): unknown {
  try {
    checkHost(callerOf(request), hosts);
    return undefined;
  } catch (fault) {
    return fault;
  }
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
  const { problem, isBug } = failure === request.raw.errored ? cutOff : problemOfFailure(failure);
  if (isBug) {
    const fields = { reason: "ApiFault", method: request.method, url: request.url, err: failure };
    log.error(fields, "unhandled error in request");
  }
  if (problem.retryable) void reply.header("retry-after", "1");
  if (problem.code === "UNAUTHORIZED") void reply.header("www-authenticate", "Bearer");
  return sendProblem(reply, problem);
}

/** The client left before its request was whole: nobody reads this, and it is no fault of ours. */
const cutOff = {
  problem: problemOf("INVALID", { detail: "the request was cut off", fix: "send it again" }),
  isBug: false,
};

function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply
    .code(problem.status)
    .type("application/problem+json")
    .serializer(String)
    .send(JSON.stringify(problem));
}
