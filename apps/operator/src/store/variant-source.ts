import { createHash } from "node:crypto";
import { documentText, type SourceDocument } from "@cocktail/environment";
import { type VariantFields, writableDestination, writableFork } from "./model/service-variant.ts";

type Code = Pick<VariantFields, "destination" | "fork" | "internal" | "rollout">;

/** What a variant is made of. What a user wrote takes precedence of what the operator did. */
export function sourceOf({ destination, fork, internal }: Omit<Code, "rollout">): SourceDocument {
  if (destination !== undefined) return { ...destination, kind: "destination" };
  if (fork !== undefined) return { ...fork, kind: "fork" };
  return internal?.source ?? { kind: "pods" };
}

/** The fields that are read as this source. At most one of them is set. */
export function sourceFields(source: SourceDocument): {
  readonly destination: object | undefined;
  readonly fork: object | undefined;
  readonly source: SourceDocument | undefined;
} {
  const nothing = { destination: undefined, fork: undefined, source: undefined };
  const { kind, ...rest } = source;
  if (kind === "pods" && Object.keys(rest).length === 0) return nothing;
  if (kind === "destination" && writableDestination.safeParse(rest).success)
    return { ...nothing, destination: rest };
  if (kind === "fork" && writableFork.safeParse(rest).success) return { ...nothing, fork: rest };
  return { ...nothing, source };
}

/** The rollout that the code of a status is of. */
export interface RolloutOf {
  readonly hash: string;
  readonly number: number;
}

/** Changes with the code, and with a request to deploy it again; not with a lifetime. */
function codeHash({ destination, fork, internal, rollout }: Code): string {
  const text = documentText({ destination, fork, source: internal?.source, rollout });
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/**
 * The rollout of a spec. Users change the code and don't count, so a spec with other code than that of the status is one rollout later;
 * the number that they may give is the least it can be.
 */
export function rolloutOf(spec: Code, recorded: RolloutOf | undefined): RolloutOf {
  const given = spec.rollout ?? 1;
  const hash = codeHash(spec);
  if (recorded === undefined) return { hash, number: given };
  if (recorded.hash === hash) return recorded;
  return { hash, number: Math.max(recorded.number + 1, given) };
}
