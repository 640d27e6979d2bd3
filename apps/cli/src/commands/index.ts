import type { Catalog } from "../command/catalog.ts";
import type { Command } from "../command/command.ts";
import { apply } from "./apply.ts";
import { branchDelete, branchGet, branchList } from "./branch.ts";
import { branchEnv } from "./branch-env.ts";
import { exec } from "./exec.ts";
import { branchDeploy } from "./branch-deploy.ts";
import { completeCommand, completion } from "./completion.ts";
import { doctor } from "./doctor.ts";
import { down } from "./down.ts";
import { envCurl } from "./env-curl.ts";
import { envDelete } from "./env-delete.ts";
import { envExplain, envGet, envList, envUrl } from "./env-read.ts";
import { envApply, envCreate, envExtend } from "./env-write.ts";
import { init } from "./init.ts";
import { meshChart, meshRender } from "./mesh.ts";
import { meshCheck } from "./mesh-check.ts";
import { branchLogs, logs } from "./logs.ts";
import { rcAbandon, rcDeploy, rcList, rcPromote, rcRollback } from "./rc.ts";
import { restart } from "./restart.ts";
import { routeResolve, routeTrace } from "./route.ts";
import { status } from "./status.ts";
import { up } from "./up.ts";
import { version } from "./version.ts";

const groups: Catalog["groups"] = {
  branch: "Branches: versions beside stable",
  rc: "Release candidates",
  env: "Environments: layers of variants",
  route: "Routes: which variant serves a request, and why",
  mesh: "Service mesh: the objects that route in a cluster",
};

const commands: readonly Command[] = [
  init,
  up,
  down,
  status,
  logs,
  apply,
  restart,
  exec,
  branchDeploy,
  branchList,
  branchGet,
  branchLogs,
  branchEnv,
  branchDelete,
  rcDeploy,
  rcList,
  rcPromote,
  rcRollback,
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
  meshRender,
  meshChart,
  meshCheck,
  doctor,
  completion,
  version,
  completeCommand(() => catalog),
];

/** All commands. */
export const catalog: Catalog = { commands, groups };
