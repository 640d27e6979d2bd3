import { markEnvironment, type WorkloadMarks } from "../processes/detached.ts";

/** Where a service reaches another one: the loopback listener of the pair. */
export interface MeshAddress {
  readonly service: string;
  readonly host: string;
  readonly port: number;
}

export interface EnvironmentFacts {
  readonly inherited: Readonly<Record<string, string | undefined>>;
  readonly runId: string;
  readonly workload: WorkloadMarks;
  /** The service's own variables, then the variant's. */
  readonly own: readonly Readonly<Record<string, string>>[];
  readonly mesh: readonly MeshAddress[];
  /** Where the service is to listen; absent for a preparation. */
  readonly listen?: { readonly host: string; readonly port: number } | undefined;
}

/**
 * Not inherited: the configuration of this cocktail or an outer one, tokens included; where to listen, which each process
 * gets for itself; and an IPC channel that isn't theirs. DATABASE_URL is the application's own.
 */
const ofCocktail = /^(COCKTAIL_.*|HOST|PORT|NODE_CHANNEL_FD)$/s;

/** Set by npm or npx for this process, and wrong for a process of another package. */
const ofNpm =
  /^(npm_lifecycle_|npm_package_|npm_command$|npm_execpath$|npm_node_execpath$|npm_config_local_prefix$|INIT_CWD$)/;

/**
 * What a process of a workload gets. Later wins: what Cocktail itself was started with, the addresses of the other
 * services, the service's own variables, the variant's, and finally the identity of the process.
 */
export function childEnvironment(facts: EnvironmentFacts): Record<string, string> {
  // Python buffers output to a pipe until the process ends.
  const env: Record<string, string> = { PYTHONUNBUFFERED: "1" };
  for (const [name, value] of Object.entries(facts.inherited)) {
    const foreign = ofCocktail.test(name) || ofNpm.test(name);
    if (value !== undefined && !foreign) env[name] = value;
  }
  for (const { service, host, port } of facts.mesh)
    env[urlVariable(service)] = `http://${host}:${port}`;
  for (const variables of facts.own) Object.assign(env, variables);
  if (facts.listen !== undefined) {
    env["HOST"] = facts.listen.host;
    env["PORT"] = String(facts.listen.port);
  }
  env["COCKTAIL_HOSTS"] = facts.mesh.map(({ host, port }) => `${host}:${port}`).join(",");
  return { ...env, ...markEnvironment(facts.runId, facts.workload) };
}

/** `payment-service` -> `PAYMENT_SERVICE_URL`. */
export function urlVariable(service: string): string {
  return `${service.toUpperCase().replaceAll(/[-.]/g, "_")}_URL`;
}
