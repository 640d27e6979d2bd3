import { interpolate } from "./interpolation.ts";
import type { WorkloadPlan } from "./workload-plan.ts";
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
  const listen: Record<string, string> =
    facts.listen === undefined ? {} : { HOST: facts.listen.host, PORT: String(facts.listen.port) };
  const given = { ...inheritedBy(facts.inherited), ...addressesOf(facts.mesh), ...listen };
  // What its own variables refer to is above them, never another of its own: there is no order among those.
  const own = facts.own.flatMap((variables) =>
    Object.entries(variables).map(([name, value]) => [name, interpolate(value, given)] as const),
  );
  return {
    ...given,
    ...Object.fromEntries(own),
    ...listen,
    COCKTAIL_HOSTS: facts.mesh.map(({ host, port }) => `${host}:${port}`).join(","),
    ...markEnvironment(facts.runId, facts.workload),
  };
}

function inheritedBy(inherited: EnvironmentFacts["inherited"]): Readonly<Record<string, string>> {
  // Python buffers output to a pipe until the process ends.
  const env: Record<string, string> = { PYTHONUNBUFFERED: "1" };
  for (const [name, value] of Object.entries(inherited)) {
    const isForeign = ofCocktail.test(name) || ofNpm.test(name);
    if (value !== undefined && !isForeign) env[name] = value;
  }
  return env;
}

function addressesOf(mesh: readonly MeshAddress[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    mesh.map(({ service, host, port }) => [urlVariable(service), `http://${host}:${port}`]),
  );
}

/**
 * The same for a process that a user runs as the variant: on top of the user's own environment, and without the run id, by
 * which Cocktail ends what it has started itself.
 */
export function externalEnvironment(
  { ref: { key, service }, env }: Pick<WorkloadPlan, "ref" | "env">,
  mesh: readonly MeshAddress[],
  port: number | undefined,
): Record<string, string> {
  const workload = { service, key, incarnation: 0 };
  const all = childEnvironment({
    inherited: {},
    runId: "",
    workload,
    own: env,
    mesh,
    listen: port === undefined ? undefined : { host: "127.0.0.1", port },
  });
  const { COCKTAIL_RUN_ID: _, COCKTAIL_INCARNATION: __, ...variables } = all;
  return variables;
}

/** `payment-service` -> `PAYMENT_SERVICE_URL`. */
export function urlVariable(service: string): string {
  return `${service.toUpperCase().replaceAll(/[-.]/g, "_")}_URL`;
}
