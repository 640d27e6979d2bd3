/** After so many redeploys in a row it is no coincidence. */
const suspicious = 3;

/** Finds files that change during every redeploy: usually the service itself writes them, and would be redeployed endlessly. */
export class RepeatedChanges {
  #counts: ReadonlyMap<string, number> = new Map();

  /** `duringRedeploy`: the changes came while the one before was under way. Returns the names to warn of, each once. */
  next(changed: readonly string[], duringRedeploy: boolean): readonly string[] {
    const before = this.#counts;
    this.#counts = new Map(
      duringRedeploy ? changed.map((name) => [name, (before.get(name) ?? 0) + 1]) : [],
    );
    return changed.filter((name) => this.#counts.get(name) === suspicious);
  }
}
