import type { Problem, ProblemCode } from "@cocktail/client";
import { ControlPlaneError } from "../errors.ts";
import { ProblemError, type ProblemDetails, problemOf } from "./problems.ts";

/** The problem for anything that was thrown. `isBug` is true for internal errors, which are logged. */
export function problemOfFailure(failure: unknown): { problem: Problem; isBug: boolean } {
  if (failure instanceof ProblemError) return { problem: failure.problem, isBug: false };
  if (ControlPlaneError.is(failure) && failure.retryable) {
    const code = failure.code === "NOT_READY" ? "NOT_READY" : "STORE_UNAVAILABLE";
    return passing(code, failure.message);
  }
  const known = frameworkProblems[codeOf(failure)];
  if (known !== undefined) return { problem: problemOf(known.code, known), isBug: false };
  const fix = "see the log of the control plane, and report this";
  return {
    problem: problemOf("INTERNAL", { detail: "internal error", fix }),
    isBug: true,
  };
}

function passing(code: ProblemCode, detail: string): { problem: Problem; isBug: boolean } {
  const fix = "retry in a moment; running variants are not affected";
  return { problem: problemOf(code, { detail, fix }), isBug: false };
}

function codeOf(failure: unknown): string {
  const code: unknown = failure instanceof Error ? Reflect.get(failure, "code") : undefined;
  return typeof code === "string" ? code : "";
}

const sendJson = "send one JSON object with content-type: application/json";

/** Errors of fastify itself: https://fastify.dev/docs/latest/Reference/Errors/ */
const frameworkProblems: Readonly<Record<string, ProblemDetails & { readonly code: ProblemCode }>> =
  {
    FST_ERR_CTP_BODY_TOO_LARGE: {
      code: "TOO_LARGE",
      detail: "the body exceeds the limit of 1 MiB",
      fix: "send a smaller body",
    },
    FST_ERR_CTP_INVALID_MEDIA_TYPE: {
      code: "INVALID",
      status: 415,
      detail: "the body is not JSON",
      fix: sendJson,
    },
    FST_ERR_CTP_INVALID_JSON_BODY: {
      code: "INVALID",
      detail: "the body is not valid JSON",
      fix: sendJson,
    },
    FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
      code: "INVALID",
      detail: "the length of the body differs from its content-length",
      fix: sendJson,
    },
    FST_ERR_MAX_PARAM_LENGTH: {
      code: "INVALID",
      detail: "a name in the path exceeds the maximum name length",
      fix: "a service has at most 253 characters, a key or an environment 40",
    },
    FST_ERR_BAD_URL: {
      code: "INVALID",
      detail: "the path is not a valid URL",
      fix: "percent-encode reserved characters",
    },
  };
