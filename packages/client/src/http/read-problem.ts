import { type Problem, problemCodes } from "../api/problem.ts";

/** The problem in a parsed body, or undefined where it is not one of ours. */
export function readProblem(body: unknown): Problem | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const status: unknown = Reflect.get(body, "status");
  const code = problemCodes.find((known) => known === textOf(body, "code"));
  const title = textOf(body, "title");
  if (code === undefined || title === undefined || typeof status !== "number") return undefined;
  const errors = readFaults(Reflect.get(body, "errors"));
  return {
    type: textOf(body, "type") ?? "about:blank",
    title,
    status,
    detail: textOf(body, "detail") ?? "",
    code,
    ...reasonOf(body),
    ...paramsOf(body),
    fix: textOf(body, "fix") ?? "",
    retryable: Reflect.get(body, "retryable") === true,
    ...(errors.length > 0 && { errors }),
  };
}

function reasonOf(body: object): Pick<Problem, "reason"> {
  const reason = textOf(body, "reason");
  return reason === undefined ? {} : { reason };
}

function paramsOf(body: object): Pick<Problem, "params"> {
  const params: unknown = Reflect.get(body, "params");
  if (typeof params !== "object" || params === null) return {};
  const texts = Object.entries(params).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return { params: Object.fromEntries(texts) };
}

function textOf(body: object, name: string): string | undefined {
  const value: unknown = Reflect.get(body, name);
  return typeof value === "string" ? value : undefined;
}

function readFaults(
  value: unknown,
): readonly { readonly path: string; readonly message: string }[] {
  if (!Array.isArray(value)) return [];
  const faults: { readonly path: string; readonly message: string }[] = [];
  for (const fault of value) {
    const path: unknown = Reflect.get(Object(fault), "path");
    const message: unknown = Reflect.get(Object(fault), "message");
    if (typeof path === "string" && typeof message === "string") faults.push({ path, message });
  }
  return faults;
}
