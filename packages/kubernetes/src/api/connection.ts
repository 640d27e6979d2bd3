import type { RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import { Agent, type Dispatcher, ProxyAgent } from "undici";

/** How to reach the API now: credentials expire and certificates are replaced. */
export interface Connection {
  readonly server: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher;
}

/**
 * Connections of a kubeconfig. client-node makes a new agent, and so a new TLS connection, for every request, and none of them is ever
 * closed; here one agent lives as long as its TLS settings, and `close` ends its sockets.
 */
export class Connections {
  readonly #config: KubeConfig;
  #settings = "";
  #dispatcher: Dispatcher | undefined;

  constructor(config: KubeConfig) {
    this.#config = config;
  }

  async current(): Promise<Connection> {
    const cluster = this.#config.getCurrentCluster();
    if (cluster === null)
      throw new Error(
        "the kubeconfig has no current cluster; set current-context to one that names a cluster",
      );
    const options: RequestOptions = {};
    await this.#config.applyToHTTPSOptions(options);
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(options.headers ?? {}))
      if (value !== undefined) headers[name.toLowerCase()] = String(value);
    if (typeof options.auth === "string")
      headers["authorization"] = `Basic ${Buffer.from(options.auth).toString("base64")}`;
    return { server: new URL(cluster.server), headers, dispatcher: this.#dispatcherOf(options) };
  }

  #dispatcherOf(options: RequestOptions): Dispatcher {
    const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options;
    const given = { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername };
    const tls = Object.fromEntries(
      Object.entries(given).filter(([, value]) => value !== undefined),
    );
    const settings = JSON.stringify(tls);
    if (this.#dispatcher !== undefined && settings === this.#settings) return this.#dispatcher;
    // Running requests and watches end on their own; the old sockets close after them.
    void this.#dispatcher?.close();
    this.#settings = settings;
    this.#dispatcher = this.#create(tls);
    return this.#dispatcher;
  }

  #create(tls: NonNullable<ProxyAgent.Options["requestTls"]>): Dispatcher {
    const proxy = this.#config.getCurrentCluster()?.proxyUrl;
    // With HTTP/2 a half-open connection would take every watch and the renewal of the lease with it.
    if (proxy === undefined)
      return new Agent({ connect: { ...tls, keepAlive: true }, allowH2: false });
    if (!proxy.startsWith("http"))
      throw new Error(
        `proxy-url ${proxy} of the kubeconfig is not supported; use an http or https proxy`,
      );
    return new ProxyAgent({ uri: proxy, requestTls: tls, allowH2: false });
  }

  /** Ends every socket, also of running requests. */
  async close(): Promise<void> {
    await this.#dispatcher?.destroy();
  }
}
