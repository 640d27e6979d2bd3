import type { DeployRequest } from "@cocktail/client";
import type { DeployIntent, Refusal } from "@cocktail/environment";
import { keyFromBranch } from "@cocktail/route";

/** What a deploy request asks for: the key of a branch is derived from its name. */
export function toIntent(
  request: DeployRequest,
  projects: readonly string[] | undefined,
): DeployIntent | Refusal {
  const branch =
    request.branch ?? (request.source?.kind === "branch" ? request.source.branch : undefined);
  const key =
    request.key ?? (branch === undefined ? undefined : keyFromBranch(branch, { projects }));
  if (key === undefined) return { reason: "InvalidRequest", params: { service: request.service } };
  const { service, environment, ttlSeconds, onUnavailable, replace } = request;
  const isUnbranched = branch === undefined && request.source !== undefined;
  return { service, key, branch, isUnbranched, environment, ttlSeconds, onUnavailable, replace };
}

export function isRefusal(value: DeployIntent | Refusal): value is Refusal {
  return "reason" in value;
}
