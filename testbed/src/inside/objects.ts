import { injectorConfigMap, injectorWebhook } from "../node/injection.ts";
import { istiodWebhook, node, nodeName } from "./addresses.ts";
import { type KubeApi, mergePatch, serverSideApply } from "./kube-api.ts";

/** Applies by server-side apply; `path` names the object. */
async function apply(api: KubeApi, path: string, object: object): Promise<void> {
  const query = "?fieldManager=testbed&force=true";
  await api.call("PATCH", `${path}${query}`, object, serverSideApply);
}

/** Without a kubelet: the node that all pods are bound to. */
export async function makeNode(api: KubeApi): Promise<void> {
  await apply(api, `/api/v1/nodes/${nodeName}`, {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: nodeName },
  });
  const status = {
    addresses: [{ type: "InternalIP", address: node }],
    capacity: { cpu: "8", memory: "16Gi", pods: "1000" },
    conditions: [{ type: "Ready", status: "True", reason: "Testbed" }],
  };
  await api.call("PATCH", `/api/v1/nodes/${nodeName}/status`, { status }, mergePatch);
}

/** Before istiod. */
export async function makeIstioNamespace(api: KubeApi): Promise<void> {
  await apply(api, "/api/v1/namespaces/istio-system", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "istio-system" },
  });
}

const admission = "/apis/admissionregistration.k8s.io/v1";

/** How istiod's webhook injects sidecars. Before istiod, which doesn't look for it again. */
export async function makeInjector(api: KubeApi, caBundle: string): Promise<void> {
  const configMaps = "/api/v1/namespaces/istio-system/configmaps";
  await apply(api, `${configMaps}/istio-sidecar-injector`, injectorConfigMap());
  const webhooks = `${admission}/mutatingwebhookconfigurations`;
  await apply(api, `${webhooks}/istio-sidecar-injector`, injectorWebhook(caBundle));
}

/** What istiod needs of the API: no mutual TLS, since no certificates are served, and its own validation as a webhook. */
export async function makeIstioObjects(api: KubeApi, caBundle: string): Promise<void> {
  const security = "/apis/security.istio.io/v1/namespaces/istio-system";
  await apply(api, `${security}/peerauthentications/default`, {
    apiVersion: "security.istio.io/v1",
    kind: "PeerAuthentication",
    metadata: { name: "default", namespace: "istio-system" },
    spec: { mtls: { mode: "DISABLE" } },
  });
  const webhooks = `${admission}/validatingwebhookconfigurations`;
  await apply(api, `${webhooks}/istio-validator`, {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name: "istio-validator" },
    webhooks: [
      {
        name: "validation.istio.io",
        clientConfig: { url: `https://${istiodWebhook}/validate`, caBundle },
        rules: [
          {
            operations: ["CREATE", "UPDATE"],
            apiGroups: ["networking.istio.io", "security.istio.io", "telemetry.istio.io"],
            apiVersions: ["*"],
            resources: ["*"],
          },
        ],
        failurePolicy: "Fail",
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
      },
    ],
  });
}
