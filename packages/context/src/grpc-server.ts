import { Metadata, type ServerInterceptor, ServerInterceptingCall } from "@grpc/grpc-js";
import { ActiveContext } from "./context.ts";
import { metadataValue } from "./grpc-metadata.ts";
import { readContext, hasContent } from "./headers.ts";
import { type ContextOptions, install } from "./install.ts";
import { shared } from "./shared-state.ts";
import { watchRequest } from "./watched-request.ts";

type NextCall = ConstructorParameters<typeof ServerInterceptingCall>[0];
/** What is told of a request. */
type RequestListener = Parameters<NextCall["start"]>[0];
type Status = Parameters<NextCall["sendStatus"]>[0];

/**
 * The interceptor for a server of @grpc/grpc-js: every handler runs in the context of its call.
 *
 * ```ts
 * new Server({ interceptors: [routeServerInterceptor()] });
 * ```
 */
export function routeServerInterceptor(options?: ContextOptions): ServerInterceptor {
  install(options);
  return (method, call) => new CallInContext(method.path, call);
}

class CallInContext extends ServerInterceptingCall {
  readonly #path: string;
  /** Undefined until the metadata has arrived. */
  #context: ActiveContext = shared.unrouted;
  #ended: (() => void) | undefined;
  #headSent = false;

  constructor(path: string, call: NextCall) {
    super(call);
    this.#path = path;
  }

  override start(listener: RequestListener): void {
    const inContext = (work: () => void): void => shared.storage.run(this.#context, work);
    super.start({
      onReceiveMetadata: (metadata) => {
        this.#enter(metadata);
        inContext(() => listener.onReceiveMetadata(metadata));
      },
      onReceiveMessage: (message) => inContext(() => listener.onReceiveMessage(message)),
      onReceiveHalfClose: () => inContext(() => listener.onReceiveHalfClose()),
      onCancel: () => {
        this.#ended?.();
        inContext(() => listener.onCancel());
      },
    });
  }

  override sendMetadata(metadata: Metadata): void {
    this.#headSent = true;
    super.sendMetadata(this.#context.traced ? withTrace(this.#context, metadata) : metadata);
  }

  override sendStatus(status: Status): void {
    this.#ended?.();
    // A call that fails at once has no head: the hops go with its status.
    const late = !this.#headSent && this.#context.traced;
    super.sendStatus(
      late ? { ...status, metadata: withTrace(this.#context, status.metadata) } : status,
    );
  }

  #enter(metadata: Metadata): void {
    const received = readContext((name) => metadataValue(metadata, name));
    const watched = watchRequest(() => this.#path, hasContent(received));
    this.#ended = watched?.ended;
    this.#context = new ActiveContext(received.route, received.collector, watched?.record);
  }
}

/** A copy with the hops: the service may send its metadata with other answers too. */
function withTrace(context: ActiveContext, metadata: Metadata | null | undefined): Metadata {
  const copy = metadata?.clone() ?? new Metadata();
  const explicit = metadataValue(copy, shared.names.trace);
  const lines = explicit === undefined ? undefined : [explicit].flat().join(", ");
  const value = context.collector?.header(lines);
  if (value !== undefined) copy.set(shared.names.trace, value);
  return copy;
}
