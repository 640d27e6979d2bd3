import { once } from "node:events";
import { type BackoffOptions, backoffMs, pause, systemClock, Waiters } from "@cocktail/work-queue";
import grpc from "@grpc/grpc-js";
import {
  decodeResponse,
  type DiscoveryRequest,
  type DiscoveryResponse,
  encodeRequest,
  kindOf,
  type ResourceKind,
  resourceKinds,
  structOf,
  typeUrls,
} from "./messages.ts";
import { Snapshot } from "./snapshot.ts";

export interface XdsWatchOptions {
  /** `host:port` of one istiod, where it speaks in the clear (15010): each of them pushes by itself. */
  readonly address: string;
  /** Whose sidecar it plays. Istio shows a proxy what its namespace may see. */
  readonly node: {
    readonly namespace: string;
    readonly name: string;
    readonly ip: string;
  };
  /** All clusters and listeners always come; routes by port, endpoints by the name of their cluster. */
  readonly names?: Partial<Record<"routes" | "endpoints", readonly string[]>>;
  readonly onError?: ((error: unknown, retryInMs: number) => void) | undefined;
  readonly backoff?: BackoffOptions | undefined;
}

const method = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources";

type Stream = grpc.ClientDuplexStream<DiscoveryRequest, DiscoveryResponse>;

/** A proxy that routes nothing: it gets from istiod what a sidecar gets, acknowledges it, and so tells what is pushed. */
export class XdsWatch {
  readonly #options: XdsWatchOptions;
  readonly #names: Record<ResourceKind, readonly string[]>;
  readonly #waiters = new Waiters();
  readonly #listeners = new Set<() => void>();
  #snapshot = new Snapshot();
  #stream: Stream | undefined;

  constructor(options: XdsWatchOptions) {
    this.#options = options;
    this.#names = { clusters: [], listeners: [], routes: [], endpoints: [], ...options.names };
  }

  /** Of the current connection. Empty without one: what an istiod that is gone has pushed says nothing of the next one. */
  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** Changes which routes or endpoints come. */
  ask(kind: "routes" | "endpoints", names: readonly string[]): void {
    if (names.join("\n") === this.#names[kind].join("\n")) return;
    this.#names[kind] = names;
    this.#stream?.write({ typeUrl: typeUrls[kind], resourceNames: names });
  }

  /** Called after each response. Returns an unsubscribe function. */
  onPush(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Resolves as soon as the snapshot is so; rejects with the signal's reason. */
  async until(isSo: (snapshot: Snapshot) => boolean, signal: AbortSignal): Promise<void> {
    await this.#waiters.until(() => isSo(this.#snapshot), signal);
  }

  /** Runs until the signal, through every failure; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { onError, backoff } = this.#options;
    const limits = backoff ?? { firstMs: 200, longestMs: 15_000 };
    for (let failures = 0; !signal.aborted;) {
      const error = await this.#connect(signal, () => {
        failures = 0;
      });
      this.#snapshot = new Snapshot();
      this.#stream = undefined;
      if (signal.aborted) return;
      failures += 1;
      const delayMs = backoffMs(failures, limits);
      onError?.(error, delayMs);
      await pause(systemClock, delayMs, signal);
    }
  }

  /** One stream, until it ends. Resolves with why it ended. */
  async #connect(signal: AbortSignal, onResponse: () => void): Promise<unknown> {
    const client = this.#client();
    try {
      const stream: Stream = client.makeBidiStreamRequest(
        method,
        encodeRequest,
        decodeResponse,
        new grpc.Metadata(),
      );
      this.#stream = stream;
      // It may also come after the end, and would end the process.
      stream.on("error", () => undefined);
      const ended = once(stream, "end", { signal });
      stream.on("data", (response: DiscoveryResponse) => {
        try {
          this.#take(stream, response);
          onResponse();
        } catch (error) {
          stream.destroy(error instanceof Error ? error : new Error(String(error)));
        }
      });
      const node = this.#node();
      for (const [at, kind] of resourceKinds.entries())
        stream.write({
          typeUrl: typeUrls[kind],
          resourceNames: this.#names[kind],
          ...(at === 0 ? { node } : {}),
        });
      // Rejects with the stream's error, or when the signal is aborted.
      await ended;
      return new Error("istiod ended the stream");
    } catch (error) {
      return error;
    } finally {
      client.close();
    }
  }

  #take(stream: Stream, response: DiscoveryResponse): void {
    const { typeUrl, versionInfo, nonce: responseNonce } = response;
    const kind = kindOf(typeUrl);
    if (kind === undefined) return;
    this.#snapshot.apply(response);
    stream.write({ typeUrl, resourceNames: this.#names[kind], versionInfo, responseNonce });
    this.#waiters.wake();
    for (const listener of this.#listeners) listener();
  }

  #client(): grpc.Client {
    return new grpc.Client(this.#options.address, grpc.credentials.createInsecure(), {
      "grpc.max_receive_message_length": 256 << 20,
      // A connection that is half open is noticed.
      "grpc.keepalive_time_ms": 10_000,
      "grpc.keepalive_timeout_ms": 5_000,
    });
  }

  #node(): NonNullable<DiscoveryRequest["node"]> {
    const { namespace, name, ip } = this.#options.node;
    const metadata = {
      NAMESPACE: namespace,
      NAME: name,
      CLUSTER_ID: "Kubernetes",
      INTERCEPTION_MODE: "REDIRECT",
    };
    return {
      id: `sidecar~${ip}~${name}.${namespace}~${namespace}.svc.cluster.local`,
      cluster: `${name}.${namespace}`,
      metadata: structOf(metadata),
    };
  }
}
