import { isAbsolute } from "node:path";
import { type Refused, refused } from "@cocktail/environment";
import { formatVariant } from "@cocktail/route";
import type { ServiceConfig } from "../config/config.ts";
import { isBaseUrl } from "../config/schema.ts";
import { directoryFault } from "../sources/directory.ts";
import { type LocalSource, readSource } from "../sources/document.ts";
import { commitOf, findBranch, findRepository, isBranchName } from "../sources/git.ts";
import type { Admission, AdmitRequest } from "./platform.ts";

/** The source document of a deploy, or why it is rejected, before anything is stored. */
export async function admitWorkload(
  request: AdmitRequest,
  service: ServiceConfig | undefined,
  wouldLoseWork: () => Promise<boolean>,
): Promise<Admission> {
  const source = toSource(request);
  if ("refusal" in source) return source;
  const fault =
    refuseCode(request, source, service) ??
    (await refuseMove(request, source, wouldLoseWork)) ??
    (await refuseSource(source, service));
  return fault ?? { kind: "admitted", source };
}

/** Omitted fields keep their value, or default to the service's own. */
function toSource(request: AdmitRequest): LocalSource | Refused {
  const kept =
    request.keeps && request.current !== undefined ? readSource(request.current) : undefined;
  const where = whereOf(request, kept);
  if ("refusal" in where) return where;
  const { command = kept?.command, env = kept?.env } = request;
  const { command: _, env: __, ...bare } = { command, env, ...where };
  return {
    ...bare,
    ...(command === undefined ? {} : { command: [...command] }),
    ...(env === undefined ? {} : { env: { ...env } }),
  };
}

function whereOf(
  { service, key, branch, source }: AdmitRequest,
  kept: LocalSource | undefined,
): LocalSource | Refused {
  if (source?.kind === "image") {
    const params = { variant: formatVariant(service, key), source: `image ${source.image}` };
    return refused("SourceUnsupported", params);
  }
  if (source !== undefined) return source;
  const isSameBranch = kept?.kind !== "branch" || branch === undefined || kept.branch === branch;
  if (kept !== undefined && isSameBranch) return kept;
  return branch === undefined ? { kind: "service" } : { kind: "branch", branch };
}

/** What can be decided without the disk. */
function refuseCode(
  request: AdmitRequest,
  source: LocalSource,
  service: ServiceConfig | undefined,
): Refused | undefined {
  if (source.kind === "url") return refuseUrl(source.url);
  if (source.kind === "service" && service?.url !== undefined) return undefined;
  if (source.kind !== "directory" && service?.command === undefined) {
    return sourceMissing(request, service !== undefined);
  }
  return refuseCommand(request, source.command ?? service?.command);
}

function refuseUrl(url: string): Refused | undefined {
  return isBaseUrl(url) ? undefined : refused("InvalidRequest", { url });
}

function refuseCommand(
  request: AdmitRequest,
  command: readonly string[] | undefined,
): Refused | undefined {
  const [program = ""] = command ?? [];
  return program !== "" ? undefined : refused("CommandMissing", namesOf(request));
}

function sourceMissing(request: AdmitRequest, isInFile: boolean): Refused {
  const isKnown = String(isInFile || request.current !== undefined);
  return refused("SourceMissing", { ...namesOf(request), isKnown });
}

function namesOf({ service, key }: AdmitRequest): Record<string, string> {
  return { variant: formatVariant(service, key), service };
}

/** Another branch would replace a checkout with uncommitted work. */
async function refuseMove(
  { service, key, current }: AdmitRequest,
  source: LocalSource,
  wouldLoseWork: () => Promise<boolean>,
): Promise<Refused | undefined> {
  const before = current === undefined ? undefined : readSource(current);
  if (before?.kind !== "branch") return undefined;
  if (source.kind === "branch" && source.branch === before.branch) return undefined;
  if (!(await wouldLoseWork())) return undefined;
  return refused("UncommittedWork", { verb: "deploy", variant: formatVariant(service, key) });
}

async function refuseSource(
  source: LocalSource,
  service: ServiceConfig | undefined,
): Promise<Refused | undefined> {
  if (source.kind === "directory") return refuseDirectory(source.path);
  if (source.kind === "url" || service === undefined || service.url !== undefined) return undefined;
  const missing = refuseDirectory(service.path);
  if (missing !== undefined || source.kind === "service") return missing;
  return refuseBranch(source, service);
}

function refuseDirectory(path: string): Refused | undefined {
  const why = isAbsolute(path) ? directoryFault(path) : "is not an absolute path";
  return why === undefined ? undefined : refused("PathMissing", { path, why });
}

async function refuseBranch(
  { branch, revision }: Extract<LocalSource, { readonly kind: "branch" }>,
  { path }: ServiceConfig,
): Promise<Refused | undefined> {
  const found = await findRepository(path);
  if (!found.ok) return refused("NoRepository", { path, why: found.why });
  const { top } = found.repository;
  const why = await whyNoCommit(top, branch, revision);
  return why === undefined ? undefined : refused("BranchNotFound", { branch, path: top, why });
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

/** A branch moves; the tested candidate is one commit of it. */
export function pinSource(source: LocalSource, revision: string): LocalSource | Refused {
  if (source.kind !== "branch") return source;
  if (revision.endsWith("-dirty")) return refused("UncommittedWork", { verb: "promote" });
  return { ...source, revision };
}
