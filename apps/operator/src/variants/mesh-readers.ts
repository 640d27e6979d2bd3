import type { IncarnationRef, ProbeResult, Readers } from "@cocktail/control-plane";
import { type Clock, pause } from "@cocktail/work-queue";
import type { MeshWriter } from "./mesh-writer.ts";

export interface MeshReadersOptions {
  readonly writer: MeshWriter;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** How much later than the operator the last proxy may have what istiod pushes, in milliseconds. */
  readonly marginMs: number;
  /** Whether istiod has pushed an endpoint of the variant. */
  isRoutable(ref: IncarnationRef): boolean;
}

/** The proxies of the mesh, as far as what istiod pushes to the operator tells. */
export class MeshReaders implements Readers {
  readonly #options: MeshReadersOptions;

  constructor(options: MeshReadersOptions) {
    this.#options = options;
  }

  async awaitAcked(epoch: number, signal: AbortSignal): Promise<void> {
    await this.#options.writer.inForce.until(epoch, signal);
  }

  /**
   * The pods belong to whoever deploys them, and end their requests themselves. All that is waited for is that no proxy sends new ones.
   */
  async drained(): Promise<"drained"> {
    const { clock, marginMs, signal } = this.#options;
    await pause(clock, marginMs, signal);
    signal.throwIfAborted();
    return "drained";
  }

  async probe(ref: IncarnationRef): Promise<ProbeResult> {
    return this.#options.isRoutable(ref)
      ? { ok: true }
      : { ok: false, message: "istiod has pushed no endpoint of it" };
  }
}
