import type { ProbeResult, Readers, IncarnationRef } from "../platform.ts";

/** Gateways that always agree, unless a test says otherwise. */
export class SimulatedReaders implements Readers {
  /** Every call in order: `acked 3`, `drained cart:mp-1#1`, `probe cart:mp-1#2`. */
  readonly calls: string[] = [];
  /** Settles when the gateways hold the table; a test may hold it back. */
  gate: Promise<void> = Promise.resolve();
  drain: "drained" | "budgetOver" = "drained";
  probeResult: (ref: IncarnationRef) => ProbeResult | Promise<ProbeResult> = () => ({ ok: true });

  async awaitAcked(epoch: number, signal: AbortSignal): Promise<void> {
    await Promise.race([this.gate, aborted(signal)]);
    this.calls.push(`acked ${epoch}`);
  }

  async drained(ref: IncarnationRef): Promise<"drained" | "budgetOver"> {
    await new Promise(setImmediate);
    this.calls.push(`drained ${nameOf(ref)}`);
    return this.drain;
  }

  async probe(ref: IncarnationRef): Promise<ProbeResult> {
    await Promise.resolve();
    this.calls.push(`probe ${nameOf(ref)}`);
    return this.probeResult(ref);
  }
}

function nameOf({ service, key, incarnation }: IncarnationRef): string {
  return `${service}:${key}#${incarnation}`;
}

async function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => {
      reject(new Error("aborted"));
    });
  });
}
