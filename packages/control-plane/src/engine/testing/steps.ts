import type { Condition } from "@cocktail/client";
import { type OpenStore, type TestWorld, done } from "./world.ts";

/** Runs a body in a world that was started, and is ended after it. */
export type It = (
  title: string,
  body: (world: TestWorld, opened: OpenStore) => Promise<void>,
) => void;

export async function deployReady(
  world: TestWorld,
  service: string,
  key: string,
  more: Omit<Parameters<TestWorld["lifecycle"]["deploy"]>[0], "service" | "key"> = {},
): Promise<ReturnType<TestWorld["variant"]>> {
  const { generation } = done(await world.lifecycle.deploy({ service, key, ...more }));
  await world.until(
    () =>
      world.lifecycle
        .variant(service, key)
        ?.conditions.some(
          (each) => each.type === "Ready" && each.observedGeneration >= generation,
        ) === true,
    "the generation to show",
  );
  return world.ready(service, key);
}

export async function gone(world: TestWorld, service: string, key: string): Promise<void> {
  await world.until(
    () => world.lifecycle.variant(service, key) === undefined,
    () =>
      `${service}:${key} to be gone, but: ${JSON.stringify(world.lifecycle.variant(service, key))}`,
  );
}

export function become(world: TestWorld, service: string, phase: "Ready" | "NotReady"): void {
  world.platform.become({ service, key: "mp-1", incarnation: 1 }, phase, "ended");
}

export function environmentReady(world: TestWorld, name: string): boolean {
  return readyOf(world, name)?.status === "True";
}

/** Why an environment is ready, or isn't. */
export function environmentReason(world: TestWorld, name: string): string | undefined {
  return readyOf(world, name)?.reason;
}

function readyOf(world: TestWorld, name: string): Condition | undefined {
  return world.lifecycle.environment(name)?.conditions.find(({ type }) => type === "Ready");
}

export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}
