import type { KubeObject, ServicePort } from "../istio/objects.ts";

/** A route of the Gateway API between services. */
export interface HttpRouteObject extends KubeObject {
  readonly spec: {
    readonly parentRefs?: readonly ParentRef[];
    readonly rules?: readonly GammaRule[];
    readonly [field: string]: unknown;
  };
}

export interface ParentRef {
  readonly group?: string;
  readonly kind?: string;
  readonly name: string;
  readonly namespace?: string;
  readonly port?: number;
}

export interface GammaRule {
  readonly matches?: readonly GammaMatch[];
  readonly filters?: readonly GammaFilter[];
  readonly backendRefs?: readonly BackendRef[];
  readonly [field: string]: unknown;
}

export interface GammaMatch {
  readonly headers?: readonly GammaHeader[];
  readonly [field: string]: unknown;
}

export interface GammaHeader {
  readonly type: "Exact" | "RegularExpression";
  readonly name: string;
  readonly value: string;
}

export interface GammaFilter {
  readonly type: string;
  readonly responseHeaderModifier?: {
    readonly set?: readonly GammaFilterHeader[];
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

export interface GammaFilterHeader {
  readonly name: string;
  readonly value: string;
}

export interface BackendRef {
  readonly name: string;
  readonly port?: number;
  readonly [field: string]: unknown;
}

/** What is needed of a service in a mesh without VirtualService. */
export interface GammaService {
  /** As in the route table; also the name of stable's Service. */
  readonly name: string;
  readonly namespace: string;
  /** The HTTP ports of stable's Service. */
  readonly ports: readonly ServicePort[];
  /** The chart's HTTPRoutes on the Service. Without any, one is rendered: the first on a Service makes 404 of all that matches none. */
  readonly base?: readonly HttpRouteObject[];
}
