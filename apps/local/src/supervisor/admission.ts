import { isAbsolute } from "node:path";
import { type Refused, refused } from "@cocktail/environment";
import { formatVariant } from "@cocktail/route";
import type { ServiceConfig } from "../config/config.ts";
import { isBaseUrl } from "../config/schema.ts";
import { directoryFault } from "../sources/directory.ts";
import { type LocalSource, readSource } from "../sources/document.ts";
import {
  type BranchAnswer,
  commitOf,
  findBranch,
  findRepository,
  isBranchName,
} from "../sources/git.ts";
import { warnOfEdits } from "../sources/uncommitted-edits.ts";
import type { Admission, AdmitRequest } from "./platform.ts";

/** The source document of a deploy, or why it is rejected, before anything is stored. */
export async function admitWorkload(
  request: AdmitRequest,
  service: ServiceConfig | undefined,
  uncommittedWork: () => Promise<readonly string[]>,
): Promise<Admission> {
  const source = toSource(request);
  if ("refusal" in source) return source;
  const fault =
    refuseCode(request, source, service) ??
    (await refuseMove(request, source, uncommittedWork)) ??
    refusePlace(source, service);
  if (fault !== undefined) return fault;
  if (source.kind !== "branch" || service === undefined || service.url !== undefined)
    return { kind: "admitted", source };
  return await admitBranch(source, service);
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
  if (kept !== undefined && isSameBranch) return newest(kept);
  return branch === undefined ? { kind: "service" } : { kind: "branch", branch };
}

/** A deploy is of the newest commit, whatever an earlier one was of. */
function newest(source: LocalSource): LocalSource {
  if (source.kind !== "branch") return source;
  const { revision: _, ...branch } = source;
  return branch;
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
  uncommittedWork: () => Promise<readonly string[]>,
): Promise<Refused | undefined> {
  const before = current === undefined ? undefined : readSource(current);
  if (before?.kind !== "branch") return undefined;
  if (source.kind === "branch" && source.branch === before.branch) return undefined;
  const directories = await uncommittedWork();
  if (directories.length === 0) return undefined;
  const variant = formatVariant(service, key);
  return refused("UncommittedWork", {
    verb: "deploy",
    variant,
    directories: directories.join(", "),
  });
}

function refusePlace(source: LocalSource, service: ServiceConfig | undefined): Refused | undefined {
  if (source.kind === "directory") return refuseDirectory(source.path);
  if (source.kind === "url" || service === undefined || service.url !== undefined) return undefined;
  return refuseDirectory(service.path);
}

function refuseDirectory(path: string): Refused | undefined {
  const why = isAbsolute(path) ? directoryFault(path) : "is not an absolute path";
  return why === undefined ? undefined : refused("PathMissing", { path, why });
}

type BranchSource = Extract<LocalSource, { readonly kind: "branch" }>;

/** A deploy is of one commit, and stays there over restarts, whatever becomes of the branch, until it is deployed again. */
async function admitBranch(source: BranchSource, { path }: ServiceConfig): Promise<Admission> {
  const found = await findRepository(path);
  if (!found.ok) return refused("NoRepository", { path, why: found.why });
  const { top } = found.repository;
  const target = await findCommit(top, source);
  if (target.ok) {
    const edits = await warnOfEdits(top, source.branch);
    const admitted = { ...source, revision: target.commit };
    return { kind: "admitted", source: admitted, warnings: edits === undefined ? [] : [edits] };
  }
  return refused("BranchNotFound", { branch: source.branch, path: top, why: target.why });
}

async function findCommit(top: string, { branch, revision }: BranchSource): Promise<BranchAnswer> {
  if (!isBranchName(branch)) return { ok: false, why: "not a branch name" };
  if (revision === undefined) return await findBranch(top, branch);
  const commit = await commitOf(top, revision.replace(/-dirty$/, ""));
  if (commit !== undefined) return { ok: true, commit };
  return { ok: false, why: `commit ${revision} is not there` };
}

/** A branch moves; the tested candidate is one commit of it. */
export function pinSource(source: LocalSource, revision: string): LocalSource | Refused {
  if (source.kind !== "branch") return source;
  if (revision.endsWith("-dirty")) return refused("UncommittedWork", { verb: "promote" });
  return { ...source, revision };
}
