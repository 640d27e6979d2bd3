import type { FastifyReply } from "fastify";
import type { Answer } from "../service/lifecycle-service.ts";
import { ProblemError } from "./problems.ts";
import { refusalText } from "./texts.ts";

/** The result, or throws the refusal as a problem. */
export function done<T>(answer: Answer<T>): T {
  if (answer.kind === "done") return answer.value;
  const { reason, params } = answer.refusal;
  const { code, ...text } = refusalText(answer.refusal);
  throw new ProblemError(code, { ...text, reason, params });
}

/** 201 if an object was created. */
export function written<T extends { readonly outcome: string }>(reply: FastifyReply, result: T): T {
  void reply.code(result.outcome === "created" ? 201 : 200);
  return result;
}

/** The object, or throws NOT_FOUND. */
export function found<T>(value: T | undefined, what: string, how: string): T {
  if (value !== undefined) return value;
  throw new ProblemError("NOT_FOUND", {
    detail: `${what} does not exist`,
    fix: `list them with ${how}`,
    reason: "NotFound",
    params: { kind: what.split(" ", 1)[0] ?? "" },
  });
}
