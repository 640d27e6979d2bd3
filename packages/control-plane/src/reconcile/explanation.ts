import type { Environment, Explanation } from "@cocktail/client";
import { formatVariant } from "@cocktail/route";

/** Why an environment is not ready, what that holds up, and what to do. */
export function explain(environment: Environment): Explanation {
  const { conditions, members, name } = environment;
  const ready = conditions.find(({ type }) => type === "Ready");
  const isReady = ready?.status === "True";
  const reason = ready?.reason ?? "Unknown";
  const blocks = conditions.filter(
    ({ status, type }) => type !== "Ready" && type !== "Expiring" && status !== "True",
  );
  const first = members.find(({ live }) => !live) ?? members[0];
  const variant = first === undefined ? undefined : formatVariant(first.service, first.key);
  return {
    ready: isReady,
    reason,
    cause: ready?.message ?? "nothing is known of it yet",
    blocks: blocks.map(({ type }) => type),
    fix: isReady ? `nothing to do: cocktail env url ${name}` : fixOf(reason, variant, first?.key),
    environment,
  };
}

function fixOf(reason: string, variant: string | undefined, key: string | undefined): string {
  const service = variant?.split(":")[0] ?? "SERVICE";
  switch (reason) {
    case "MemberMissing":
      return `deploy it: cocktail branch deploy ${service} --key ${key ?? "KEY"}`;
    case "PrepareFailed":
    case "PathMissing":
    case "WorkloadFailed":
    case "CrashLoop":
    case "NotReady":
    case "StartDeadline":
    case "ProbeFailed":
      return `read what it says, then deploy again: cocktail branch logs ${variant ?? "SERVICE:KEY"}`;
    case "Terminating":
      return "wait: it is being destroyed";
    default:
      return "wait: it is on its way; cocktail status shows how far it is";
  }
}
