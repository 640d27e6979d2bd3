import type { CocktailClient, Environment, EnvironmentMember } from "@cocktail/client";
import type { Context } from "../command/context.ts";
import { describeCondition, readyCondition, variantIfAny, type Waited } from "./await-variant.ts";
import { poll } from "./poll.ts";

export interface EnvironmentWait {
  readonly waited: Waited;
  readonly environment: Environment;
  /** Members that are not deployed: allowed, and not waited for, though the environment isn't ready without them. */
  readonly absent: readonly string[];
}

/** Waits until every deployed member is served, or one has failed. */
export async function awaitEnvironment(
  context: Context,
  api: CocktailClient,
  written: Environment,
  timeoutSeconds: number,
): Promise<EnvironmentWait> {
  const { signal } = context;
  const waiting = context.progress.wait("ready");
  let environment = written;
  let absent: readonly string[] = [];
  const settled = await poll(
    { signal, timeoutSeconds, onTransientError: (message) => waiting.state(message) },
    async () => {
      environment = await api.environment(written.name, { signal });
      const ready = readyCondition(environment.conditions);
      waiting.state(`environment/${written.name} ${describeCondition(ready)}`);
      if (ready?.status === "True") return "Ready" as const;
      const members = await Promise.all(
        environment.members
          .filter(({ live }) => !live)
          .map((member) => lookUp(api, member, signal)),
      );
      absent = members.filter(({ state }) => state === "absent").map(({ name }) => name);
      if (members.some(({ state }) => state === "failed")) return "Failed" as const;
      return ready?.reason === "MemberMissing" && isPublished(environment)
        ? ("Ready" as const)
        : undefined;
    },
  ).catch((error: unknown) => {
    waiting.end("warn", `environment/${written.name}: stopped waiting`);
    throw error;
  });
  const waited = settled ?? "TimedOut";
  const state = `environment/${written.name} ${describeCondition(readyCondition(environment.conditions))}`;
  if (waited !== "Ready") waiting.end("bad", state);
  else if (absent.length > 0)
    waiting.end("warn", `environment/${written.name}: ${absent.join(", ")} not deployed yet`);
  else waiting.end("good", `environment/${written.name} is served`);
  return { waited, environment, absent };
}

function isPublished({ conditions }: Environment): boolean {
  return conditions.some(({ type, status }) => type === "RoutesProgrammed" && status === "True");
}

async function lookUp(
  api: CocktailClient,
  member: EnvironmentMember,
  signal: AbortSignal,
): Promise<{ readonly name: string; readonly state: "absent" | "failed" | "pending" }> {
  const name = `${member.service}:${member.key}`;
  const variant = await variantIfAny(api, member, signal);
  if (variant === undefined) return { name, state: "absent" };
  return { name, state: variant.state === "GONE" ? "failed" : "pending" };
}
