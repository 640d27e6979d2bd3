import { type OnUnavailable, RC, STABLE, formatVariant, own } from "@cocktail/route";
import { type SourceDocument, type VariantObject, type VariantSpec, isLive } from "../object.ts";
import type { Objects } from "../object-index.ts";
import { type Write, createObject, writeSpec } from "../write.ts";
import { type Decision, type Refused, type Waits, refused } from "./decision.ts";
import { disown, findLiveVariant } from "./lookup.ts";
import {
  checkKey,
  checkLayerName,
  checkLifetime,
  checkNotBuiltIn,
  checkService,
  checkServiceName,
} from "./names.ts";

/** Omitted fields keep their value, or get their default. */
export interface DeployIntent {
  readonly service: string;
  readonly key: string;
  readonly branch?: string | undefined;
  /** Its code comes from somewhere else than a branch: a directory, or a process that runs already. */
  readonly isUnbranched?: boolean | undefined;
  readonly environment?: string | undefined;
  readonly ttlSeconds?: number | undefined;
  readonly onUnavailable?: OnUnavailable | undefined;
  readonly replace?: boolean | undefined;
}

/** The checks of a deploy that don't need the platform. */
export function checkDeploy(objects: Objects, intent: DeployIntent): Refused | undefined {
  return (
    checkVariantName(objects, intent) ??
    checkEnvironmentName(objects, intent) ??
    checkLifetime(intent.ttlSeconds) ??
    checkBranch(intent, findLiveVariant(objects, intent.service, intent.key))
  );
}

/** The variant whose options a deploy inherits if it omits them: none if another branch takes the key over. */
export function keptVariant(
  objects: Objects,
  intent: Pick<DeployIntent, "service" | "key" | "branch" | "isUnbranched">,
): VariantObject | undefined {
  const existing = findLiveVariant(objects, intent.service, intent.key);
  return isOtherBranch(intent, existing) ? undefined : existing;
}

/**
 * Every deploy makes a rollout, even if nothing in the spec changed, because the code may have. `source` is what the
 * platform made of the request. A crash between the writes leaves a variant that is not a member yet.
 */
export function decideDeploy(
  objects: Objects,
  intent: DeployIntent & { readonly source: SourceDocument },
  now: number,
): Decision<{ readonly variant: string }> {
  const fault = checkDeploy(objects, intent) ?? checkTerminating(objects, intent);
  if (fault !== undefined) return fault;
  const { service, key, source } = intent;
  const name = formatVariant(service, key);
  const existing = findLiveVariant(objects, service, key);
  const spec: VariantSpec = {
    ...optionsOf(intent, keptVariant(objects, intent)?.spec, now),
    madeFor: madeFor(objects, intent, existing),
    service,
    key,
    rollout: (existing?.spec.rollout ?? 0) + 1,
    source,
  };
  const write =
    existing === undefined ? createObject("ServiceVariant", name, spec) : writeSpec(existing, spec);
  return {
    kind: "decided",
    outcome: existing === undefined ? "created" : "updated",
    writes: [write, ...joinEnvironment(objects, intent, spec)],
    warnings: replacedWarning(objects, intent),
    variant: name,
  };
}

/** Whoever deploys it again doesn't make it, nor does an environment that is only made now. */
function madeFor(
  objects: Objects,
  { environment }: DeployIntent,
  existing: VariantObject | undefined,
): string | undefined {
  if (existing === undefined) return environment;
  const { madeFor: before } = existing.spec;
  return before === environment && !objects.environments.has(before ?? "") ? undefined : before;
}

/** Options of the request, or those that the variant had. */
function optionsOf(
  { branch, onUnavailable, ttlSeconds }: DeployIntent,
  kept: VariantSpec | undefined,
  now: number,
): Pick<VariantSpec, "branch" | "onUnavailable" | "endpoints" | "expiresAt"> {
  return {
    branch: branch ?? kept?.branch,
    onUnavailable: onUnavailable ?? kept?.onUnavailable ?? "Fail",
    endpoints: kept?.endpoints,
    expiresAt: ttlSeconds === undefined ? kept?.expiresAt : now + ttlSeconds * 1000,
  };
}

function checkVariantName(objects: Objects, { service, key }: DeployIntent): Refused | undefined {
  if (key === STABLE) {
    return refused("ReservedKey", {
      variant: formatVariant(service, STABLE),
      service,
      verb: "deploy",
    });
  }
  return (
    checkService(service) ??
    checkKey(key, "key") ??
    checkServiceName(objects, service) ??
    (key === service ? checkSelf(service) : checkLayerName(objects, key))
  );
}

function checkEnvironmentName(
  objects: Objects,
  { service, environment }: DeployIntent,
): Refused | undefined {
  if (environment === undefined) return undefined;
  return (
    checkKey(environment, "environment") ??
    checkNotBuiltIn(environment) ??
    (environment === service ? checkSelf(service) : checkLayerName(objects, environment))
  );
}

function checkSelf(service: string): Refused {
  return refused("NameTaken", { name: service, taken: "itself", wanted: "layer" });
}

/** A live key belongs to one branch; `rc` belongs to none. */
function checkBranch(
  intent: DeployIntent,
  existing: VariantObject | undefined,
): Refused | undefined {
  if (intent.key === RC || intent.replace === true || !isOtherBranch(intent, existing)) {
    return undefined;
  }
  return refused("KeyConflict", {
    variant: formatVariant(intent.service, intent.key),
    owner: existing?.spec.branch ?? "",
    branch: intent.branch ?? "",
  });
}

/** A redeploy that names nothing goes on with what is there. */
function isOtherBranch(
  { branch, isUnbranched = false }: Pick<DeployIntent, "branch" | "isUnbranched">,
  existing: VariantObject | undefined,
): boolean {
  const owner = existing?.spec.branch;
  if (owner === undefined) return false;
  return branch === undefined ? isUnbranched : owner !== branch;
}

/** A name can be used again only when the object that is being deleted is gone. */
function checkTerminating(
  objects: Objects,
  { service, key, environment }: DeployIntent,
): Waits | undefined {
  const name = formatVariant(service, key);
  const variant = objects.variants.get(name);
  if (variant !== undefined && !isLive(variant)) {
    return { kind: "waits", for: { kind: "ServiceVariant", name } };
  }
  const layer = environment === undefined ? undefined : objects.environments.get(environment);
  if (layer === undefined || isLive(layer)) return undefined;
  return { kind: "waits", for: { kind: "Environment", name: layer.name } };
}

function joinEnvironment(
  objects: Objects,
  { environment: name }: DeployIntent,
  { service, key, expiresAt }: VariantSpec,
): readonly Write[] {
  if (name === undefined) return [];
  const existing = objects.environments.get(name);
  if (existing === undefined) {
    // An environment that is made for a variant with a lifetime gets the same lifetime.
    return [
      ...disown(objects, name, formatVariant(service, key)),
      createObject("Environment", name, { parent: STABLE, members: { [service]: key }, expiresAt }),
    ];
  }
  const { members } = existing.spec;
  if (own(members, service) === key) return [];
  const joined = Object.fromEntries([...Object.entries(members), [service, key]]);
  return [writeSpec(existing, { ...existing.spec, members: joined })];
}

function replacedWarning(
  objects: Objects,
  { environment, service, key }: DeployIntent,
): readonly string[] {
  if (environment === undefined) return [];
  const before = own(objects.environments.get(environment)?.spec.members ?? {}, service);
  if (before === undefined || before === key) return [];
  return [
    `environment ${environment}: ${formatVariant(service, key)} replaces ${formatVariant(service, before)}`,
  ];
}
