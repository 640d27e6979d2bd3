import { isAbsolute } from "node:path";
import type { Refusal, Source } from "@cocktail/environment";
import type { ServiceConfig } from "../config/config.ts";
import { isBaseUrl } from "../config/schema.ts";
import { directoryFault } from "../sources/directory.ts";
import { commitOf, findBranch, findRepository, isBranchName } from "../sources/git.ts";
import type { CheckRequest } from "./platform.ts";

/** Why a deploy could not work here, told before anything is stored; undefined where it could. */
export async function refuseWorkload(
  request: CheckRequest,
  service: ServiceConfig | undefined,
): Promise<Refusal | undefined> {
  const { source } = request;
  if (source.kind === "url") return refuseUrl(source.url);
  if (source.kind === "service" && service?.url !== undefined) return undefined;
  return (await refuseSource(source, request, service)) ?? refuseCommand(request, service);
}

function refuseUrl(url: string): Refusal | undefined {
  if (isBaseUrl(url)) return undefined;
  return {
    code: "INVALID",
    reason: "InvalidRequest",
    message: `${url} is not an http URL without a path`,
    fix: "give a URL such as http://127.0.0.1:3000",
  };
}

function refuseCommand(
  request: CheckRequest,
  service: ServiceConfig | undefined,
): Refusal | undefined {
  const command = request.command ?? service?.command;
  if (command !== undefined && command.length > 0 && command[0] !== "") return undefined;
  return {
    code: "INVALID",
    reason: "CommandMissing",
    message: `nothing says how to start ${request.service}`,
    fix: "give the command after --, for example: -- node server.js",
  };
}

async function refuseSource(
  source: Exclude<Source, { readonly kind: "url" }>,
  request: CheckRequest,
  service: ServiceConfig | undefined,
): Promise<Refusal | undefined> {
  if (source.kind === "directory") return refuseDirectory(source.path);
  if (service === undefined) {
    return {
      code: "INVALID",
      reason: "SourceMissing",
      message: `${request.service} is not in cocktail.yaml, so nothing says where its code is`,
      fix: "give its directory with --path, or add the service to cocktail.yaml and run cocktail up again",
    };
  }
  return source.kind === "branch"
    ? await refuseBranch(source, service)
    : refuseDirectory(service.path);
}

function refuseDirectory(path: string): Refusal | undefined {
  const why = isAbsolute(path) ? directoryFault(path) : "is not an absolute path";
  if (why === undefined) return undefined;
  return {
    code: "INVALID",
    reason: "PathMissing",
    message: `${path} ${why}`,
    fix: "give an existing directory with --path",
  };
}

async function refuseBranch(
  source: Extract<Source, { readonly kind: "branch" }>,
  service: ServiceConfig,
): Promise<Refusal | undefined> {
  const missing = refuseDirectory(service.path);
  if (missing !== undefined) return missing;
  const found = await findRepository(service.path);
  if (!found.ok) {
    return {
      code: "NO_REPOSITORY",
      reason: "NoRepository",
      message: `${service.path} is in no git repository (${found.why})`,
      fix: "use --path with a directory that holds the branch's code",
    };
  }
  const { branch, revision } = source;
  const why = await whyNoCommit(found.repository.top, branch, revision);
  if (why === undefined) return undefined;
  return {
    code: "INVALID",
    reason: "BranchNotFound",
    message: `branch ${branch} of ${found.repository.top}: ${why}`,
    fix: "check the name with git branch --all, or bring it here with git fetch",
  };
}

async function whyNoCommit(
  top: string,
  branch: string,
  revision: string | undefined,
): Promise<string | undefined> {
  if (!isBranchName(branch)) return "not a branch name";
  if (revision !== undefined) {
    const commit = await commitOf(top, revision.replace(/-dirty$/, ""));
    return commit === undefined ? `commit ${revision} is not there` : undefined;
  }
  const found = await findBranch(top, branch);
  return found.ok ? undefined : found.why;
}
