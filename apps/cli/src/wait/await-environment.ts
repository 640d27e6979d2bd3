import type { CocktailClient, Environment, EnvironmentMember } from "@cocktail/client";
import type { Context } from "../command/context.ts";
import { describeCondition, readyCondition, variantIfAny, type Waited } from "./await-variant.ts";
import { poll } from "./poll.ts";

export interface EnvironmentWait {
  readonly waited: Waited;
  readonly environment: Environment;
  /** Members that nobody deployed: legal, and nothing to wait for. */
  readonly absent: readonly string[];
}

/** Waits until every member that exists is served, or it is known that one will not be. */
export async function awaitEnvironment(
  context: Context,
  api: CocktailClient,
  made: Environment,
  timeoutSeconds: number,
): Promise<EnvironmentWait> {
  const { signal } = context;
  const waiting = context.progress.wait("ready");
  let environment = made;
  let absent: readonly string[] = [];
  const settled = await poll(
    { signal, timeoutSeconds, onTrouble: (message) => waiting.state(message) },
    async () => {
      environment = await api.environment(made.name, { signal });
      const ready = readyCondition(environment.conditions);
      waiting.state(`environment/${made.name} ${describeCondition(ready)}`);
      if (ready?.status === "True") return "Ready" as const;
      const members = await Promise.all(
        environment.members
          .filter(({ live }) => !live)
          .map((member) => lookUp(api, member, signal)),
      );
      absent = members.filter(({ fate }) => fate === "absent").map(({ name }) => name);
      if (members.some(({ fate }) => fate === "failed")) return "Failed" as const;
      return members.length > 0 && members.length === absent.length
        ? ("Ready" as const)
        : undefined;
    },
  ).catch((error: unknown) => {
    waiting.end("warn", `environment/${made.name}: no longer waited for`);
    throw error;
  });
  const waited = settled ?? "TimedOut";
  const state = `environment/${made.name} ${describeCondition(readyCondition(environment.conditions))}`;
  if (waited !== "Ready") waiting.end("bad", state);
  else if (absent.length > 0)
    waiting.end("warn", `environment/${made.name}: nothing runs for ${absent.join(", ")} yet`);
  else waiting.end("good", `environment/${made.name} is served`);
  return { waited, environment, absent };
}

async function lookUp(
  api: CocktailClient,
  member: EnvironmentMember,
  signal: AbortSignal,
): Promise<{ readonly name: string; readonly fate: "absent" | "failed" | "pending" }> {
  const name = `${member.service}:${member.key}`;
  const variant = await variantIfAny(api, member, signal);
  if (variant === undefined) return { name, fate: "absent" };
  return { name, fate: variant.state === "GONE" ? "failed" : "pending" };
}
