/** Fixed, since the network is the sandbox's own. Pods lie in 10.244.0.0/16: EndpointSlices refuse loopback addresses. */
export const node = "10.244.0.1";
export const nodeName = "testbed";
export const apiServer = `https://${node}:6443`;
export const serviceRange = "10.96.0.0/16";
export const etcd = "http://127.0.0.1:2379";
/** istiod's doors: configuration for sidecars in plain text, its own readiness, its webhooks. */
export const xds = { host: node, port: 15010 };
export const istiodHttp = "http://127.0.0.1:15080";
export const istiodMonitoring = "http://127.0.0.1:15014";
export const istiodWebhook = "127.0.0.1:15017";
