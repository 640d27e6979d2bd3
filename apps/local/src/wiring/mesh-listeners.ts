import type { Gateway, Listener } from "@cocktail/gateway";
import type { MeshAddress } from "../supervisor/child-environment.ts";
import type { Mesh } from "../supervisor/supervisor.ts";

const host = "127.0.0.1";
/** Short: their caller has been stopped, or is being stopped. */
const graceMs = 500;

/** A loopback listener for each calling variant and callee: the gateway knows the caller by the port. */
export class MeshListeners implements Mesh {
  readonly #gateway: Pick<Gateway, "listenMesh">;
  readonly #services: () => readonly string[];
  readonly #open = new Map<string, Map<string, Listener>>();

  constructor(gateway: Pick<Gateway, "listenMesh">, services: () => readonly string[]) {
    this.#gateway = gateway;
    this.#services = services;
  }

  async addresses(service: string, key: string): Promise<readonly MeshAddress[]> {
    const caller = `${service}:${key}`;
    const listeners = this.#open.get(caller) ?? new Map<string, Listener>();
    this.#open.set(caller, listeners);
    const callees = this.#services().filter((name) => name !== service);
    await Promise.all(
      callees.map(async (callee) => {
        if (listeners.has(callee)) return;
        listeners.set(callee, await this.#gateway.listenMesh({ caller, callee, host, port: 0 }));
      }),
    );
    return Array.from(listeners, ([name, { port }]) => ({ service: name, host, port }));
  }

  async release(service: string, key: string): Promise<void> {
    const caller = `${service}:${key}`;
    const listeners = this.#open.get(caller);
    this.#open.delete(caller);
    await Promise.all(
      Array.from(listeners?.values() ?? [], (listener) => listener.close({ graceMs })),
    );
  }
}
