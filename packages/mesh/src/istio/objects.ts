/** Istio objects as they are written: raw, so that a field that this package doesn't know survives. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec?: unknown;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface VirtualService extends KubeObject {
  readonly spec: {
    readonly hosts?: readonly string[];
    readonly exportTo?: readonly string[];
    readonly http?: readonly HttpRoute[];
    readonly [field: string]: unknown;
  };
}

export interface HttpRoute {
  readonly name?: string;
  readonly match?: readonly HttpMatch[];
  readonly route?: readonly RouteDestination[];
  readonly delegate?: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

export interface HttpMatch {
  readonly headers?: Readonly<Record<string, object>>;
  readonly withoutHeaders?: Readonly<Record<string, object>>;
  readonly port?: number;
  readonly [field: string]: unknown;
}

export interface RouteDestination {
  readonly destination: {
    readonly host: string;
    readonly subset?: string;
    readonly port?: { readonly number: number };
  };
  readonly weight?: number;
  readonly [field: string]: unknown;
}

export interface DestinationRule extends KubeObject {
  readonly spec: { readonly trafficPolicy?: object; readonly [field: string]: unknown };
}

/** What the mesh must know of a service that has variants. */
export interface MeshService {
  /** As in the route table. */
  readonly name: string;
  readonly namespace: string;
  /** The HTTP ports of stable's Service. */
  readonly ports: readonly { readonly number: number; readonly name: string }[];
  /** The chart's VirtualService, with its delegate line. */
  readonly base: VirtualService;
  /** The chart's DestinationRule, if there is one. */
  readonly rule?: DestinationRule | undefined;
}

/** `payment-service` of namespace `services` as the mesh writes it out. A name with dots is one already. */
export function fullHost(host: string, namespace: string): string {
  return host.includes(".") ? host : `${host}.${namespace}.svc.cluster.local`;
}
