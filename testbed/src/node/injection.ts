import { adminPort, bootstrapOf } from "../agent/sidecar.ts";
import { proxyImage, rulesFile } from "../images/images.ts";
import { istiodWebhook } from "../inside/addresses.ts";
import { proxyUser } from "./iptables.ts";

const field = (name: string, fieldPath: string): object => ({
  name,
  valueFrom: { fieldRef: { fieldPath } },
});

/** Stands in the template where istiod fills in the pod's labels, as the text of a JSON string. */
const labelsHere = "LABELS-OF-THE-POD";

/** Envoy's whole configuration is an argument, in which kubelet fills in the pod's name and address: no shell and no file is needed. */
function sidecarArguments(): readonly string[] {
  const bootstrap = JSON.stringify(
    bootstrapOf({
      name: "$(POD_NAME)",
      namespace: "$(POD_NAMESPACE)",
      ip: "$(POD_IP)",
      labels: "$(POD_LABELS)",
      interception: "REDIRECT",
    }),
  ).replace('"$(POD_LABELS)"', "$(POD_LABELS)");
  const options = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "warn"];
  return ["--config-yaml", bootstrap, ...options];
}

/** What istiod's webhook adds to a pod: iptables rules, then Envoy. A template of Go, whose result is read as YAML. */
export function sidecarTemplate(): string {
  const image = { image: proxyImage, imagePullPolicy: "Never" };
  const redirect = {
    name: "istio-init",
    ...image,
    command: ["iptables-restore", "--noflush", rulesFile],
    securityContext: {
      runAsUser: 0,
      runAsNonRoot: false,
      capabilities: { add: ["NET_ADMIN", "NET_RAW"] },
    },
  };
  const sidecar = {
    name: "istio-proxy",
    ...image,
    args: sidecarArguments(),
    env: [
      field("POD_NAME", "metadata.name"),
      field("POD_NAMESPACE", "metadata.namespace"),
      field("POD_IP", "status.podIP"),
      { name: "POD_LABELS", value: labelsHere },
    ],
    securityContext: { runAsUser: proxyUser, runAsGroup: proxyUser, runAsNonRoot: true },
    readinessProbe: { httpGet: { path: "/ready", port: adminPort }, periodSeconds: 1 },
  };
  const pod = { spec: { initContainers: [redirect], containers: [sidecar] } };
  return JSON.stringify(pod).replace(
    `"${labelsHere}"`,
    '{{ toJSON .ObjectMeta.Labels | printf "%q" }}',
  );
}

/** Where istiod reads it from; it must be there before istiod starts. */
export function injectorConfigMap(): object {
  const config = {
    policy: "enabled",
    defaultTemplates: ["sidecar"],
    templates: { sidecar: sidecarTemplate() },
  };
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "istio-sidecar-injector", namespace: "istio-system" },
    data: { config: JSON.stringify(config), values: JSON.stringify({ global: {} }) },
  };
}

export function injectorWebhook(caBundle: string): object {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name: "istio-sidecar-injector" },
    webhooks: [
      {
        name: "sidecar-injector.istio.io",
        clientConfig: { url: `https://${istiodWebhook}/inject`, caBundle },
        rules: [
          { operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] },
        ],
        namespaceSelector: { matchLabels: { "istio-injection": "enabled" } },
        objectSelector: {
          matchExpressions: [
            { key: "sidecar.istio.io/inject", operator: "NotIn", values: ["false"] },
          ],
        },
        failurePolicy: "Fail",
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
      },
    ],
  };
}
