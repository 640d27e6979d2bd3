import type { CocktailClient, Condition, Variant } from "@cocktail/client";
import type { Pin } from "@cocktail/route";
import { isNotFound } from "../cocktail/api-errors.ts";
import type { Context } from "../command/context.ts";
import { poll } from "./poll.ts";

export type Waited = "Ready" | "Failed" | "TimedOut" | "NotWaited";
export interface VariantWait {
  readonly waited: Waited;
  /** Its last known state. */
  readonly variant: Variant;
}

/** The `Ready` condition, the AND of all others. */
export function readyCondition(conditions: readonly Condition[]): Condition | undefined {
  return conditions.find(({ type }) => type === "Ready");
}

/** `Starting: port 4011 refuses`. */
export function describeCondition(condition: Condition | undefined): string {
  if (condition === undefined) return "no condition reported yet";
  return condition.message === "" ? condition.reason : `${condition.reason}: ${condition.message}`;
}

/**
 * Waits until the new incarnation of this generation has answered a probe through the gateway, or has failed.
 */
export async function awaitVariant(
  context: Context,
  api: CocktailClient,
  deployed: { readonly variant: Variant; readonly generation: number },
  timeoutSeconds: number,
): Promise<VariantWait> {
  const { service, key, name } = deployed.variant;
  const waiting = context.progress.wait("ready");
  let variant = deployed.variant;
  const settled = await poll(
    {
      signal: context.signal,
      timeoutSeconds,
      onTransientError: (message) => waiting.state(message),
    },
    async () => {
      variant = await api.variant(service, key, { signal: context.signal });
      waiting.state(`${name} ${describeCondition(readyCondition(variant.conditions))}`);
      return outcomeOf(variant, deployed.generation);
    },
  ).catch((error: unknown) => {
    waiting.end("warn", `${name}: stopped waiting`);
    throw error;
  });
  const waited = settled ?? "TimedOut";
  waiting.end(waited === "Ready" ? "good" : "bad", describeResult(waited, variant));
  return { waited, variant };
}

/** Waits until a destroyed variant is gone; false on timeout. */
export async function awaitGone(
  context: Context,
  api: CocktailClient,
  { service, key }: Pin,
  timeoutSeconds: number,
): Promise<boolean> {
  const waiting = context.progress.wait("gone");
  const name = `${service}:${key}`;
  const gone = await poll(
    {
      signal: context.signal,
      timeoutSeconds,
      onTransientError: (message) => waiting.state(message),
    },
    async () => {
      const variant = await variantIfAny(api, { service, key }, context.signal);
      if (variant === undefined) return true;
      waiting.state(`${name} ${variant.state.toLowerCase()}`);
      return undefined;
    },
  ).catch((error: unknown) => {
    waiting.end("warn", `${name}: stopped waiting`);
    throw error;
  });
  waiting.end(
    gone === true ? "good" : "bad",
    gone === true ? `${name} is gone` : `${name} still exists`,
  );
  return gone === true;
}

/** Undefined if the variant does not exist. */
export async function variantIfAny(
  api: CocktailClient,
  { service, key }: Pin,
  signal: AbortSignal,
): Promise<Variant | undefined> {
  try {
    return await api.variant(service, key, { signal });
  } catch (error) {
    if (await isNotFound(error)) return undefined;
    throw error;
  }
}

function outcomeOf(variant: Variant, generation: number): "Ready" | "Failed" | undefined {
  const ready = readyCondition(variant.conditions);
  if (ready === undefined || ready.observedGeneration < generation) return undefined;
  if (ready.status === "True") return "Ready";
  return hasFailed(variant) ? "Failed" : undefined;
}

/** Its newest incarnation has failed, or keeps crashing: retried forever, but not worth waiting for. */
export function hasFailed(variant: Variant): boolean {
  const reason = readyCondition(variant.conditions)?.reason;
  return reason === "CrashLoop" || (variant.state === "GONE" && reason !== "Deploying");
}

function describeResult(waited: Waited, variant: Variant): string {
  if (waited === "Ready") return `${variant.name} answered a probe through the gateway`;
  return `${variant.name} ${describeCondition(readyCondition(variant.conditions))}`;
}
