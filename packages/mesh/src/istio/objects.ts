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
  readonly [field: string]: unknown;
}

export interface VirtualService extends KubeObject {
  readonly spec: {
    readonly hosts?: readonly string[];
    readonly gateways?: readonly string[];
    readonly exportTo?: readonly string[];
    readonly http?: readonly HttpRoute[];
    readonly tcp?: readonly StreamRoute[];
    readonly tls?: readonly StreamRoute[];
    readonly [field: string]: unknown;
  };
}

export interface HttpRoute {
  readonly name?: string;
  readonly match?: readonly HttpMatch[];
  readonly route?: readonly RouteDestination[];
  readonly delegate?: { readonly name: string; readonly namespace?: string };
  readonly headers?: HeaderChanges;
  readonly [field: string]: unknown;
}

export interface HeaderChanges {
  readonly response?: {
    readonly set?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

/** A route of `tcp` or `tls`: neither has a name. */
export interface StreamRoute {
  readonly match?: readonly StreamMatch[];
  readonly route?: readonly RouteDestination[];
  readonly [field: string]: unknown;
}

export interface StreamMatch {
  readonly port?: number;
  readonly sniHosts?: readonly string[];
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

export interface ServicePort {
  readonly number: number;
  readonly name: string;
  /** Where the pods listen; the number itself by default. */
  readonly targetPort?: number | string;
  readonly appProtocol?: string;
}

/** What the mesh must know of a service that has variants. */
export interface MeshService {
  /** As in the route table; also the name of stable's Service. */
  readonly name: string;
  readonly namespace: string;
  /** The HTTP ports of stable's Service. */
  readonly ports: readonly ServicePort[];
  /** The annotation `networking.istio.io/exportTo` of stable's Service, if it has one. */
  readonly exportTo?: string | undefined;
  /** The chart's VirtualService, with its delegate line. */
  readonly base: VirtualService;
  /** The chart's DestinationRule, if there is one. */
  readonly rule?: DestinationRule | undefined;
}
