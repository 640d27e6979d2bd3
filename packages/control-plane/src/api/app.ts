import type { Problem } from "@cocktail/client";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { serializerCompiler } from "fastify-type-provider-zod";
import type { Logger } from "../log.ts";
import { answerClientError, refuseExpectations } from "./client-errors.ts";
import { problemOfFailure } from "./failure.ts";
import { type Caller, checkHost, checkOrigin, checkToken } from "./guard.ts";
import { problemOf } from "./problems.ts";

export interface AppOptions {
  readonly token: string;
  /** Allowed values of the Host header, besides those of loopback. */
  readonly hosts: ReadonlySet<string>;
  readonly log: Logger;
}

const maxBodyLength = 1024 * 1024;
/** Time limit for receiving a request. Responses may take longer. */
const requestTimeoutMs = 15_000;
const maxConnections = 1_024;

/** The server without its operations: limits, guards and error handling. */
export function createApp({ token, hosts, log }: AppOptions): FastifyInstance {
  const app = fastify({
    bodyLimit: maxBodyLength,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: 10_000,
    routerOptions: { maxParamLength: 300, ignoreTrailingSlash: false },
    // The guard refuses requests without a Host, with a problem.
    http: {
      maxHeaderSize: 16_384,
      connectionsCheckingInterval: 5_000,
      requireHostHeader: false,
    },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) =>
      void sendFailure(callerFault(request, hosts) ?? error, request, reply, log),
    return503OnClosing: false,
  });
  app.server.maxConnections = maxConnections;
  refuseExpectations(app.server);
  app.setSerializerCompiler(serializerCompiler);
  // Operations validate their input themselves, so that all errors are reported at once.
  app.setValidatorCompiler(() => (value: unknown) => ({ value }));
  takeJsonOnly(app);
  app.decorateRequest("hasToken", false);
  app.addHook("onRequest", async (request) => {
    const caller = callerOf(request);
    checkHost(caller, hosts);
    checkOrigin(caller);
    const isNeeded = request.routeOptions.config.needsToken === true;
    request.hasToken = checkToken(caller, token, isNeeded);
    await Promise.resolve();
  });
  app.setErrorHandler((error: unknown, request, reply) => sendFailure(error, request, reply, log));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      reply,
      problemOf("NOT_FOUND", {
        detail: `${request.method} ${request.url.slice(0, 200)} is not an operation`,
        fix: "GET /v1/openapi.json lists the operations",
      }),
    ),
  );
  return app;
}

/** An empty body counts as absent, whatever its content type: the operation decides whether it is required. */
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

/** Requests that fastify refuses before any hook reveal nothing either if their Host or origin is not allowed. */
function callerFault(request: FastifyRequest, hosts: ReadonlySet<string>): unknown {
  try {
    const caller = callerOf(request);
    checkHost(caller, hosts);
    checkOrigin(caller);
    return undefined;
  } catch (fault) {
    return fault;
  }
}

function callerOf(request: FastifyRequest): Caller {
  return {
    // Node returns the first of several Host lines; the others must be equal.
    host: hasOneHost(request) ? request.headers.host : undefined,
    authorization: request.headers.authorization,
    remoteAddress: request.socket.remoteAddress,
    origin: request.headers.origin,
    fetchSite: request.raw.headersDistinct["sec-fetch-site"]?.join(),
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

/** The client disconnected before its request was complete; not an internal error. */
const cutOff = {
  problem: problemOf("INVALID", { detail: "the request is incomplete", fix: "send it again" }),
  isBug: false,
};

function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply
    .code(problem.status)
    .type("application/problem+json")
    .serializer(String)
    .send(JSON.stringify(problem));
}
