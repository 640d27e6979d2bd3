import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { optionalBody } from "./openapi.ts";
import { ProblemError } from "./problems.ts";
import { problem } from "./schemas/problem.ts";

/** One operation of the API: its input, its answers and its handler. */
export interface Operation<
  P extends z.ZodType = z.ZodType,
  Q extends z.ZodType = z.ZodType,
  B extends z.ZodType = z.ZodType,
> {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With `:name` for a parameter. */
  readonly url: string;
  readonly id: string;
  readonly summary: string;
  readonly tag: "services" | "variants" | "environments" | "routes" | "system";
  /**
   * Requires the token, also from this machine: whoever changes something, or reads what services print, which may be
   * anything. Log files are closed to other users too (docs/adr/0018).
   */
  readonly needsToken: boolean;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** Only described: invalid values are ignored, as HTTP requires. */
  readonly headers?: z.ZodObject;
  /** By status. Non-JSON answers have a media type. */
  readonly answers: Readonly<Record<number, Described>>;
  readonly handle: (input: Input<P, Q, B>, exchange: Exchange) => Promise<unknown>;
}

export interface Described {
  readonly description: string;
  /** Absent: no body. */
  readonly schema?: z.ZodType;
  readonly mediaType?: string;
}

export interface Input<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly params: z.output<P>;
  readonly query: z.output<Q>;
  readonly body: z.output<B>;
}
export interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

const nothing = z.strictObject({});

/** Marks a route that needs the token, for the guard. */
declare module "fastify" {
  interface FastifyContextConfig {
    readonly needsToken?: boolean;
  }
  interface FastifyRequest {
    /** The caller is who may change things, and not merely somebody on this machine. */
    hasToken: boolean;
  }
}

export function addOperation<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType>(
  app: FastifyInstance,
  operation: Operation<P, Q, B>,
): void {
  const { params, query, body, headers, answers } = operation;
  app.route({
    method: operation.method,
    url: operation.url,
    config: { needsToken: operation.needsToken },
    // A HEAD of a stream would never end.
    exposeHeadRoute: operation.method === "GET" && isJson(answers),
    schema: {
      operationId: operation.id,
      summary: operation.summary,
      tags: [operation.tag],
      ...(operation.needsToken && { security: [{ token: [] }] }),
      ...(params !== undefined && { params }),
      ...(query !== undefined && { querystring: query }),
      ...(body !== undefined && { body }),
      ...(body?.safeParse(undefined).success === true && { [optionalBody]: true }),
      ...(headers !== undefined && { headers }),
      response: responsesOf(answers),
    },
    handler: async (request, reply) => {
      const input = parseInput<P, Q, B>(operation, request);
      const answer = await operation.handle(input, { request, reply });
      // The operation itself sent a stream, or an answer without a body.
      return answer === undefined ? reply : answer;
    },
  });
}

/** Reports all errors of params, query and body at once. */
function parseInput<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType>(
  operation: Operation<P, Q, B>,
  request: FastifyRequest,
): Input<P, Q, B> {
  const parts = z.object({
    params: operation.params ?? nothing,
    query: operation.query ?? nothing,
    body: operation.body ?? z.unknown(),
  });
  const { params, query } = request;
  // Without a content-type, fastify's body is null if there is none.
  const result = parts.safeParse({ params, query, body: request.body ?? undefined });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- just parsed, by the schemas the type is made of
  if (result.success) return result.data as Input<P, Q, B>;
  const errors = result.error.issues.flatMap((issue) => faultsOf(issue));
  const [first] = errors;
  throw new ProblemError("INVALID", {
    detail: `${request.method} ${operation.url}: ${first?.path ?? "it"} ${first?.message ?? "is not valid"}${more(errors)}`,
    fix: "fix the entries in `errors`; /v1/openapi.json describes every operation",
    errors,
  });
}

interface Fault {
  readonly path: string;
  readonly message: string;
}

function faultsOf(issue: z.core.$ZodIssue): readonly Fault[] {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: [...path, key].join("."), message: "is not known" }));
  }
  if (issue.code === "invalid_key") {
    return issue.issues.map(({ message }) => ({ path: path.join("."), message }));
  }
  return [{ path: path.join("."), message: issue.message }];
}

function more(errors: readonly Fault[]): string {
  return errors.length > 1 ? `, and ${errors.length - 1} more` : "";
}

function isJson(answers: Operation["answers"]): boolean {
  return Object.values(answers).every(({ mediaType }) => mediaType === undefined);
}

function responsesOf(answers: Operation["answers"]): Record<string, unknown> {
  const content = ({ description, schema, mediaType = "application/json" }: Described): object =>
    // The OpenAPI generator describes a lone null as "no body".
    schema === undefined
      ? z.null().describe(description)
      : { description, content: { [mediaType]: { schema } } };
  const fault = {
    description: "A problem.",
    schema: problem,
    mediaType: "application/problem+json",
  };
  return {
    ...Object.fromEntries(Object.entries(answers).map(([status, each]) => [status, content(each)])),
    "4xx": content(fault),
    "5xx": content(fault),
  };
}
