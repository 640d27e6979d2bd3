import type { Command } from "../command/command.ts";
import type { Groups } from "../command/parse.ts";
import { branchDelete, branchGet, branchList } from "./branch.ts";
import { branchDeploy } from "./branch-deploy.ts";
import { envCurl } from "./env-curl.ts";
import { envDelete } from "./env-delete.ts";
import { envExplain, envGet, envList, envUrl } from "./env-read.ts";
import { envApply, envCreate, envExtend } from "./env-write.ts";
import { branchLogs, logs } from "./logs.ts";
import { rcAbandon, rcDeploy, rcList, rcPromote } from "./rc.ts";
import { routeResolve, routeTrace } from "./route.ts";
import { status } from "./status.ts";
import { version } from "./version.ts";

/** Nouns, in the order of the help. */
export const groups: Groups = {
  branch: "Branches: versions beside stable",
  rc: "Release candidates",
  env: "Environments: layers of variants",
  route: "Routes: who serves a request, and why",
};

/** Every command, in the order of the help. */
export const commands: readonly Command[] = [
  status,
  logs,
  version,
  branchDeploy,
  branchList,
  branchGet,
  branchLogs,
  branchDelete,
  rcDeploy,
  rcList,
  rcPromote,
  rcAbandon,
  envCreate,
  envApply,
  envList,
  envGet,
  envExplain,
  envUrl,
  envCurl,
  envExtend,
  envDelete,
  routeResolve,
  routeTrace,
];
