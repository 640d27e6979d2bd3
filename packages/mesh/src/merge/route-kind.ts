/** The lists of routes that a VirtualService has. */
export const routeKinds = ["http", "tcp", "tls"] as const;
export type RouteKind = (typeof routeKinds)[number];
