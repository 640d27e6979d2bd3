import type { Identity } from "./identity.ts";

/** One service that had a part in an answer. */
export interface Answer extends Identity {
  /** What the gateway says: `payment-service:mp-101`; absent for the service that speaks, and without a gateway. */
  readonly served?: string;
}

/** The services that had a part in a JSON answer: the one that gave it, then those it called. */
export function answersOf(body: unknown, served: string | undefined): readonly Answer[] {
  const listed = fieldOf(body, "answeredBy");
  const answers = Array.isArray(listed) ? listed.filter(isAnswer) : [];
  return answers.map((answer, at) =>
    at === 0 && served !== undefined ? { ...answer, served } : answer,
  );
}

/** A member of a JSON object, or undefined. */
export function fieldOf(body: unknown, name: string): unknown {
  return isRecord(body) ? body[name] : undefined;
}

/** A number that is a member of a JSON object, or 0. */
export function numberOf(body: unknown, name: string): number {
  const value = fieldOf(body, name);
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

function isAnswer(value: unknown): value is Answer {
  const texts = ["service", "variant", "version"].map((name) => typeof fieldOf(value, name));
  return texts.every((type) => type === "string");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
