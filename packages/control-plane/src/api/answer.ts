import type { FastifyReply } from "fastify";
import type { Answer } from "../lifecycle/lifecycle-service.ts";
import { ProblemError } from "./problems.ts";

/** What was done, or the refusal as a problem. */
export function done<T>(answer: Answer<T>): T {
  if (answer.kind === "done") return answer.value;
  const { code, reason, message, fix } = answer.refusal;
  throw new ProblemError(code, { detail: message, fix, reason });
}

/** 201 where something new is there now. */
export function written<T extends { readonly outcome: string }>(reply: FastifyReply, result: T): T {
  void reply.code(result.outcome === "created" ? 201 : 200);
  return result;
}

/** What there is, or NOT_FOUND. */
export function found<T>(value: T | undefined, what: string, how: string): T {
  if (value !== undefined) return value;
  throw new ProblemError("NOT_FOUND", {
    detail: `there is no ${what}`,
    fix: `list what there is: ${how}`,
    reason: "NotFound",
  });
}
