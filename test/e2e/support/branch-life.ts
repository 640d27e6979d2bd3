import assert from "node:assert/strict";
import type { Cocktail } from "./cocktail.ts";
import { askPinned } from "./pair-answer.ts";

/** A branch of the pair that a test makes and destroys. */
export interface BranchOfPair {
  readonly service: "front" | "back";
  readonly key: string;
  /** Arguments of `branch deploy` that say where its code is. */
  readonly source: readonly string[];
}

/** Half of them are git branches (`feature/<key>-work`), half directories; one in four is a front. */
export function branchesOfPair(keys: readonly string[]): readonly BranchOfPair[] {
  return keys.map((key, index) => {
    const service = index % 4 === 0 ? "front" : "back";
    const fromGit = ["--branch", `feature/${key}-work`];
    return { service, key, source: index % 2 === 0 ? fromGit : ["--key", key, "--path", service] };
  });
}

/**
 * One branch's life: deployed, redeployed, in an environment for a while, deleted. What a command says it has done is
 * asked for at once.
 */
export async function live(shop: Cocktail, branch: BranchOfPair): Promise<void> {
  const { service, key, source } = branch;
  const answering = async (): Promise<string> => {
    const { variant, generation } = await askPinned(shop.edge, service, key);
    return `${variant} ${generation}`;
  };
  await shop.ok("branch", "deploy", service, ...source);
  assert.equal(await answering(), `${key} 1`, "a deployed branch answers at once");
  await shop.ok("branch", "deploy", service, ...source, "--env", "GENERATION=2");
  assert.equal(await answering(), `${key} 2`, "after a redeploy the next incarnation answers");
  const squad = ["--parent", "rc", "--variant", `${service}:${key}`];
  if (service === "front") {
    await shop.ok("env", "apply", `squad-${key}`, ...squad);
    await shop.ok("env", "delete", `squad-${key}`, "--keep-variants");
  }
  await shop.ok("branch", "delete", `${service}:${key}`);
  assert.equal(await answering(), "stable 1", "a deleted branch answers no more");
}
