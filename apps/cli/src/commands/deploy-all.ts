import type { CocktailClient, DeployRequest } from "@cocktail/client";
import { problemReason } from "../cocktail/api-errors.ts";
import type { CiFiles } from "../cocktail/ci-files.ts";
import type { Context } from "../command/context.ts";
import { exitCodes } from "../exit-code.ts";
import { Failure } from "../failure.ts";
import { deploy, type DeployFlags, deployFailure, type DeployReport } from "./deploy.ts";

export interface BranchOfAll {
  readonly branch: string;
  readonly key: string | undefined;
  readonly environment: string | undefined;
  readonly ttlSeconds: number | undefined;
  readonly replace: boolean;
}

/** Of services whose directory is in no repository, or in one without the branch. */
const withoutBranch = new Set([
  "BranchNotFound",
  "NoRepository",
  "SourceMissing",
  "SourceUnsupported",
]);

/**
 * Deploys a branch of every service whose repository has it, one after the other. They get one key, the ticket's, and with
 * it one environment. One that fails doesn't keep the others from being deployed.
 */
export async function deployAll(
  context: Context,
  api: CocktailClient,
  { branch, environment, key, replace, ttlSeconds }: BranchOfAll,
  flags: DeployFlags & CiFiles,
): Promise<readonly DeployReport[]> {
  const { signal } = context;
  const reports: DeployReport[] = [];
  for (const { name: service } of await api.services({ signal })) {
    const request: DeployRequest = {
      service,
      branch,
      key,
      source: { kind: "branch", branch },
      environment,
      ttlSeconds,
      ...(replace && { replace }),
    };
    if (!(await hasBranch(api, request, signal))) continue;
    context.progress.done("service", service);
    reports.push(await deploy(context, api, request, flags));
  }
  if (reports.length === 0) throw nothingToDeploy(branch);
  return reports;
}

/** Asked by a deploy that changes nothing; every other refusal is reported as one. */
async function hasBranch(
  api: CocktailClient,
  request: DeployRequest,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await api.deploy({ ...request, dryRun: true }, { signal });
    return true;
  } catch (error) {
    const reason = await problemReason(error);
    if (reason !== undefined && withoutBranch.has(reason)) return false;
    throw error;
  }
}

/** The first that failed; the others are in the result. */
export function deployAllFailure(reports: readonly DeployReport[]): Failure | undefined {
  return reports.map(deployFailure).find((failure) => failure !== undefined);
}

function nothingToDeploy(branch: string): Failure {
  return new Failure({
    code: "NOT_FOUND",
    message: `no service's repository has the branch ${branch}`,
    fix: "check the name with git branch, or fetch it with git fetch",
    exitCode: exitCodes.notFound,
  });
}
