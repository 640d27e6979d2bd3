import {
  InterceptingCall,
  type Interceptor,
  type Listener,
  ListenerBuilder,
  type Metadata,
} from "@grpc/grpc-js";
import type { FieldValue } from "@cocktail/route";
import type { ActiveContext } from "./context.ts";
import { metadataHeaders, metadataValue } from "./grpc-metadata.ts";
import { isInternal } from "./hosts.ts";
import { type ContextOptions, install } from "./install.ts";
import { inject, withhold } from "./outgoing.ts";
import { shared } from "./shared-state.ts";
import type { TraceCollector } from "./trace-collector.ts";

/**
 * The interceptor for one client of @grpc/grpc-js: its calls carry the context of whoever makes them.
 *
 * ```ts
 * const target = "payment:50051";
 * new PaymentClient(target, credentials, { interceptors: [routeClientInterceptor(target)] });
 * ```
 *
 * `target` is the client's own, because an interceptor can't see it: a target outside of the cocktail gets no route.
 */
export function routeClientInterceptor(target: string, options?: ContextOptions): Interceptor {
  install(options);
  const url = targetUrl(target);
  return (callOptions, nextCall) => {
    const call = nextCall(callOptions);
    const context = shared.storage.getStore();
    const ours = isInternal(shared.hosts, url);
    if (ours)
      shared.guard?.used(context, { method: callOptions.method_definition.path, target: url });
    return new InterceptingCall(call, {
      start: (metadata, _listener, next) => {
        const sent = context === undefined ? metadata : carried(context, metadata, ours);
        next(sent, answerListener(context, ours));
      },
    });
  };
}

/**
 * Lets the answer arrive in the context of whoever made the call, also where that is none: grpc-js would deliver it in
 * that of the connection, which belongs to the request that happened to open it. And takes the hops of an answer of ours.
 */
function answerListener(context: ActiveContext | undefined, ours: boolean): Listener {
  const { storage, names } = shared;
  const collect = (metadata: Metadata): void => {
    if (ours && context?.collector !== undefined) {
      addTo(context.collector, metadataValue(metadata, names.trace));
    }
  };
  return new ListenerBuilder()
    .withOnReceiveMetadata((metadata, forward) => {
      collect(metadata);
      storage.run(context, forward, metadata);
    })
    .withOnReceiveMessage((message: unknown, forward) => storage.run(context, forward, message))
    .withOnReceiveStatus((status, forward) => {
      // Where a call fails at once there is no head: the hops come with its status.
      collect(status.metadata);
      storage.run(context, forward, status);
    })
    .build();
}

/** A copy: the service may use its metadata for other calls too. */
function carried(context: ActiveContext, metadata: Metadata, ours: boolean): Metadata {
  const copy = metadata.clone();
  try {
    const headers = metadataHeaders(copy);
    if (ours) inject(context, headers, shared.names);
    else withhold(headers);
    return copy;
  } catch (error) {
    // Metadata takes printable ASCII only, and the baggage of others may be something else.
    shared.log.error({ err: error }, "could not add the route to a gRPC call");
    return metadata;
  }
}

function addTo(collector: TraceCollector, value: FieldValue): void {
  if (value !== undefined) collector.add(typeof value === "string" ? value : value.join(", "));
}

/**
 * `grpc://payment:50051` of `payment:50051`, `dns:payment:50051` or `dns://authority/payment:50051`. Empty for a target
 * without a host, such as a socket of the file system.
 */
export function targetUrl(target: string): string {
  if (/^unix(?:-abstract)?:/.test(target)) return "";
  const name = /^(?:dns|ipv4|ipv6|passthrough|xds):(?:\/\/[^/]*\/)?(.*)$/.exec(target)?.[1];
  return `grpc://${name ?? target}`;
}
