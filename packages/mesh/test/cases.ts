import type { RouteTable, TableVariant } from "@cocktail/route";
import {
  defaultMeshNames,
  type HttpRoute,
  type MeshService,
  type VirtualService,
  withDelegate,
} from "../src/index.ts";

/** A chart's service, one for each rule of rendering, and why it is there. */
export interface Case {
  readonly why: string;
  readonly service: MeshService;
  readonly table: RouteTable;
}

const variant: TableVariant = {
  incarnation: 1,
  tier: "branch",
  revision: "abc1234",
  onUnavailable: "Fail",
};

export function tableOf(service: string, keys: readonly string[]): RouteTable {
  const member = (key: string) => ({ parent: "stable", members: { [service]: key } });
  return {
    epoch: 7,
    tag: "0a1b2c3d",
    resolver: 1,
    historyFloor: 0,
    services: { [service]: Object.fromEntries(keys.map((key) => [key, variant])) },
    environments: keys.length < 2 ? {} : { "ops-101": member("mp-101"), "ops-102": member("gone") },
  };
}

export const namespace = "golden";

export function hostOf(service: string): string {
  return `${service}.${namespace}.svc.cluster.local`;
}

export function chart(
  service: string,
  http: readonly HttpRoute[],
  more: object = {},
): VirtualService {
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name: service, namespace },
    spec: { hosts: [hostOf(service)], http, ...more },
  };
}

const port = { number: 8080, name: "http" };

function one(
  why: string,
  http: readonly HttpRoute[],
  {
    name = "payment-service",
    keys = ["stable", "mp-101"],
    spec = {},
    ...more
  }: {
    readonly name?: string;
    readonly keys?: readonly string[];
    readonly spec?: object;
  } & Partial<MeshService> = {},
): Case {
  const base = withDelegate(chart(name, http, spec), name, defaultMeshNames);
  return {
    why,
    service: { name, namespace, ports: [port], base, ...more },
    table: tableOf(name, keys),
  };
}

const stable = (name = "payment-service") => [{ destination: { host: hostOf(name) } }];
const plain = [{ name: "stable", route: stable() }];
const long = `${"long-".repeat(12)}end`;

export const cases: Readonly<Record<string, Case>> = {
  plain: one("One catch-all route.", plain),
  "no-variants": one("No branch is live: no subset, and strict requests still get 424.", plain, {
    keys: ["stable"],
  }),
  "no-stable": one("Only a branch is live.", plain, { keys: ["mp-101"] }),
  paths: one("Paths, a rewrite, a timeout, a redirect and a direct response stay as they are.", [
    { name: "old", match: [{ uri: { prefix: "/old" } }], redirect: { uri: "/new" } },
    { name: "gone", match: [{ uri: { exact: "/gone" } }], directResponse: { status: 410 } },
    {
      name: "api",
      match: [{ uri: { prefix: "/api/" } }, { uri: { exact: "/api" }, method: { exact: "GET" } }],
      rewrite: { uri: "/" },
      timeout: "3s",
      retries: { attempts: 2 },
      headers: { request: { set: { "x-from": "api" } } },
      route: stable(),
    },
    { name: "stable", route: stable() },
  ]),
  weights: one("Stable's requests are divided between two subsets.", [
    {
      name: "stable",
      route: [
        { destination: { host: hostOf("payment-service"), subset: "v1" }, weight: 90 },
        { destination: { host: hostOf("payment-service"), subset: "v2" }, weight: 10 },
        { destination: { host: hostOf("payment-service"), subset: "v3" } },
      ],
    },
  ]),
  ports: one(
    "Two ports, to pods that listen elsewhere; one route is for one port.",
    [
      {
        name: "admin",
        match: [{ port: 9090 }],
        route: [{ destination: { host: "payment-service", port: { number: 9090 } } }],
      },
      { name: "stable", route: stable() },
    ],
    {
      ports: [
        { number: 80, name: "http", targetPort: "web" },
        { number: 9090, name: "admin", targetPort: 9191, appProtocol: "http" },
      ],
    },
  ),
  scope: one(
    "A VirtualService and a Service that are not exported everywhere, and a DestinationRule.",
    plain,
    {
      spec: { exportTo: ["shop"] },
      exportTo: ".,shop",
      rule: {
        apiVersion: "networking.istio.io/v1",
        kind: "DestinationRule",
        metadata: { name: "payment-service", namespace },
        spec: {
          host: hostOf("payment-service"),
          exportTo: ["."],
          trafficPolicy: { connectionPool: { http: { http2MaxRequests: 100 } } },
        },
      },
    },
  ),
  "long-name": one(
    "A name with no room for an ending.",
    [{ name: "stable", route: stable(long) }],
    {
      name: long,
    },
  ),
};
