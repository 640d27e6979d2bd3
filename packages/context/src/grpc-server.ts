import {
  Metadata,
  type ServerInterceptor,
  ServerInterceptingCall,
  ServerListenerBuilder,
  ResponderBuilder,
} from "@grpc/grpc-js";
import { ActiveContext, type RouteContext } from "./context.ts";
import { metadataValue } from "./grpc-metadata.ts";
import { contextFrom } from "./headers.ts";
import { type ContextOptions, install } from "./install.ts";
import { run } from "./run.ts";
import { shared } from "./shared-state.ts";

/**
 * The interceptor for a server of @grpc/grpc-js: every handler runs in the context of its call.
 *
 * ```ts
 * new Server({ interceptors: [routeServerInterceptor()] });
 * ```
 */
export function routeServerInterceptor(options?: ContextOptions): ServerInterceptor {
  install(options);
  return (_method, call) => {
    let context: RouteContext = shared.unrouted;
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        context = contextOf(metadata);
        run(context, () => next(metadata));
      })
      .withOnReceiveMessage((message: unknown, next) => run(context, () => next(message)))
      .withOnReceiveHalfClose((next) => run(context, next))
      .withOnCancel(() => {})
      .build();
    let headSent = false;
    const responder = new ResponderBuilder()
      .withStart((next) => next(listener))
      .withSendMetadata((metadata, next) => {
        headSent = true;
        report(context, metadata);
        next(metadata);
      })
      .withSendStatus((status, next) => {
        // A call that fails at once has no head: the hops go with its status.
        if (headSent || !context.traced) return next(status);
        const metadata = status.metadata?.clone() ?? new Metadata();
        report(context, metadata);
        return next({ ...status, metadata });
      })
      .build();
    return new ServerInterceptingCall(call, responder);
  };
}

function contextOf(metadata: Metadata): RouteContext {
  const { names } = shared;
  const wanted = [names.pins, names.environment, names.mode, names.trace, "baggage"];
  return contextFrom(
    Object.fromEntries(wanted.map((name) => [name, metadataValue(metadata, name)])),
  );
}

function report(context: RouteContext, metadata: Metadata): void {
  if (!(context instanceof ActiveContext) || context.collector === undefined) return;
  const byHand = metadataValue(metadata, shared.names.trace);
  const value = context.collector.header(
    byHand === undefined ? undefined : [byHand].flat().join(", "),
  );
  if (value !== undefined) metadata.set(shared.names.trace, value);
}
