import { InterceptingCall, type Interceptor, ListenerBuilder, type Metadata } from "@grpc/grpc-js";
import type { FieldValue } from "@cocktail/route";
import type { ActiveContext } from "./context.ts";
import { metadataHeaders, metadataValue } from "./grpc-metadata.ts";
import { isOurs } from "./hosts.ts";
import { type ContextOptions, install } from "./install.ts";
import { inject, withhold } from "./outgoing.ts";
import { shared } from "./shared-state.ts";

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
    const ours = isOurs(shared.hosts, url);
    if (ours)
      shared.guard?.used(context, { method: callOptions.method_definition.path, target: url });
    if (context === undefined) return new InterceptingCall(call);
    return new InterceptingCall(call, {
      start: (metadata, listener, next) => {
        const { collector } = context;
        const sent = carried(context, metadata, ours);
        if (!ours || collector === undefined) return next(sent, listener);
        const tracing = new ListenerBuilder()
          .withOnReceiveMetadata((received, forward) => {
            addTo(context, metadataValue(received, shared.names.trace));
            forward(received);
          })
          .withOnReceiveStatus((status, forward) => {
            // Where a call fails at once there is no head: the hops come with its status.
            addTo(context, metadataValue(status.metadata, shared.names.trace));
            forward(status);
          })
          .build();
        return next(sent, tracing);
      },
    });
  };
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
    shared.log.error({ err: error }, "the route could not be put on a gRPC call");
    return metadata;
  }
}

function addTo(context: ActiveContext, value: FieldValue): void {
  if (value !== undefined) {
    context.collector?.add(typeof value === "string" ? value : value.join(", "));
  }
}

/**
 * `http://payment:50051` of `payment:50051`, `dns:payment:50051` or `dns://authority/payment:50051`. Empty for a target
 * without a host, such as a socket of the file system.
 */
export function targetUrl(target: string): string {
  if (/^unix(?:-abstract)?:/.test(target)) return "";
  const name = /^(?:dns|ipv4|ipv6|passthrough|xds):(?:\/\/[^/]*\/)?(.*)$/.exec(target)?.[1];
  return `http://${name ?? target}`;
}
