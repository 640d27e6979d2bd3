import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A proxy of the comparison: how to start it, and what to ask it. */
export interface Contestant {
  readonly name: string;
  /** Told the upstream's port and its own. */
  readonly command: (upstream: number, own: number) => readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  /** The process that does the work is a child of the one that was started (nginx). */
  readonly workers: boolean;
}

const proxies = join(import.meta.dirname, "proxies");
/** The same Node and conditions as this process. */
export const node: readonly string[] = [process.execPath, "--conditions=@cocktail/source"];

function ours(name: string, variants: number, headers: Record<string, string> = {}): Contestant {
  return {
    name,
    command: (upstream, own) => [
      ...node,
      join(proxies, "cocktail.ts"),
      ...[upstream, own, variants].map(String),
    ],
    headers,
    workers: false,
  };
}

function theirs(name: string, file: string): Contestant {
  return {
    name,
    command: (upstream, own) => [...node, join(proxies, file), String(upstream), String(own)],
    headers: {},
    workers: false,
  };
}

const nginx: Contestant = {
  name: "nginx",
  command: (upstream, own) => {
    const folder = mkdtempSync(join(tmpdir(), "bench-nginx-"));
    const conf = join(folder, "nginx.conf");
    writeFileSync(conf, nginxConf(folder, upstream, own));
    return ["nginx", "-c", conf, "-p", folder];
  },
  headers: {},
  workers: true,
};

function nginxConf(folder: string, upstream: number, own: number): string {
  return `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log crit;
events { worker_connections 4096; }
http {
  access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s; keepalive_requests 1000000;
  upstream service { server 127.0.0.1:${upstream}; keepalive 512; keepalive_requests 1000000; }
  server { listen 127.0.0.1:${own}; location / {
    proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
  } }
}`;
}

const envoy: Contestant = {
  name: "Envoy",
  command: (upstream, own) => {
    const conf = join(mkdtempSync(join(tmpdir(), "bench-envoy-")), "envoy.json");
    writeFileSync(conf, JSON.stringify(envoyConf(upstream, own)));
    return [
      "envoy",
      "-c",
      conf,
      "--concurrency",
      "1",
      "--log-level",
      "error",
      "--use-dynamic-base-id",
    ];
  },
  headers: {},
  workers: false,
};

function envoyConf(upstream: number, own: number): object {
  const address = (port: number): object => ({
    socket_address: { address: "127.0.0.1", port_value: port },
  });
  const manager = {
    "@type":
      "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    stat_prefix: "in",
    route_config: {
      virtual_hosts: [
        {
          name: "all",
          domains: ["*"],
          routes: [{ match: { prefix: "/" }, route: { cluster: "service" } }],
        },
      ],
    },
    http_filters: [
      {
        name: "router",
        typed_config: {
          "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
        },
      },
    ],
  };
  return {
    static_resources: {
      listeners: [
        {
          name: "in",
          address: address(own),
          filter_chains: [{ filters: [{ name: "http", typed_config: manager }] }],
        },
      ],
      clusters: [
        {
          name: "service",
          type: "STATIC",
          load_assignment: {
            cluster_name: "service",
            endpoints: [{ lb_endpoints: [{ endpoint: { address: address(upstream) } }] }],
          },
        },
      ],
    },
  };
}

export function isInstalled(program: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
}

export const one = "cocktail gateway, 1 variant";
export const hundred = "cocktail gateway, 100 variants";
export const thousand = "cocktail gateway, 1,000 variants";
export const byPin = "cocktail gateway, 1,000 variants, routed by pin";
export const byEnvironment = "cocktail gateway, 1,000 variants, routed by environment";
export const bare = "bare forwarder";
export const httpProxy3 = "http-proxy-3";

export function contestants(): readonly Contestant[] {
  return [
    theirs(bare, "bare.ts"),
    theirs(httpProxy3, "http-proxy-3.ts"),
    ours(one, 1),
    ours(hundred, 100),
    ours(thousand, 1000),
    ours(byPin, 1000, { "x-service-route": "web:mp-500" }),
    ours(byEnvironment, 1000, { "x-source-route": "mp-500" }),
    ...(isInstalled("nginx") ? [nginx] : []),
    ...(isInstalled("envoy") ? [envoy] : []),
  ];
}
