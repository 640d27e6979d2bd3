import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Place } from "../sandbox/place.ts";
import * as at from "./addresses.ts";
import type { ProgramSpec } from "./child.ts";
import type { KubeApi } from "./kube-api.ts";
import type { Pki } from "./pki.ts";

/** What every program of the control plane is told. */
export interface Setting {
  readonly place: Place;
  readonly pki: Pki;
  readonly api: KubeApi;
  readonly programOf: (component: string) => string;
}

export const answers = async (url: string): Promise<boolean> => (await fetch(url)).ok;

export function etcdSpec({ place, programOf }: Setting): ProgramSpec {
  const peer = "http://127.0.0.1:2380";
  const options = [
    `--data-dir=${join(place.data, "etcd")}`,
    "--unsafe-no-fsync", // nothing here outlives the testbed
    "--quota-backend-bytes=4294967296",
    `--listen-client-urls=${at.etcd}`,
    `--advertise-client-urls=${at.etcd}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
  ];
  const ready = (): Promise<boolean> => answers(`${at.etcd}/health`);
  return { name: "etcd", command: [programOf("etcd"), ...options], ready };
}

/** What pods ask for by their accounts: that is what roles are for. The testbed itself and tests are the administrator. */
const auditPolicy = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "Metadata", userGroups: ["system:serviceaccounts"] }, { level: "None" }],
};

export function apiServerSpec({ place, pki, api, programOf }: Setting): ProgramSpec {
  const tokens = join(place.pki, "tokens.csv");
  const policy = join(place.data, "audit-policy.yaml");
  writeFileSync(policy, stringify(auditPolicy));
  writeFileSync(tokens, `${api.token},admin,admin,system:masters\n`, { mode: 0o600 });
  const options = [
    `--etcd-servers=${at.etcd}`,
    "--secure-port=6443",
    `--bind-address=${at.node}`,
    `--advertise-address=${at.node}`,
    `--tls-cert-file=${pki.apiServer.cert}`,
    `--tls-private-key-file=${pki.apiServer.key}`,
    `--service-account-key-file=${pki.serviceAccountKey}`,
    `--service-account-signing-key-file=${pki.serviceAccountKey}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-cluster-ip-range=${at.serviceRange}`,
    `--token-auth-file=${tokens}`,
    "--authorization-mode=RBAC",
    "--allow-privileged=true",
    `--audit-policy-file=${policy}`,
    `--audit-log-path=${join(place.logs, "audit.log")}`,
    "--audit-log-maxsize=50",
    "--audit-log-maxbackup=1",
    "--watch-cache=true",
    "--kubelet-preferred-address-types=InternalIP", // the node's name is known to nobody
  ];
  const ready = async (): Promise<boolean> => (await api.raw("GET", "/readyz")).status === 200;
  return { name: "kube-apiserver", command: [programOf("kube-apiserver"), ...options], ready };
}

export function controllerManagerSpec({ place, pki, programOf }: Setting): ProgramSpec {
  const options = [
    `--kubeconfig=${place.kubeconfig}`,
    `--service-account-private-key-file=${pki.serviceAccountKey}`,
    `--root-ca-file=${pki.caFile}`,
    "--leader-elect=false",
    "--bind-address=127.0.0.1",
    "--secure-port=10257",
    "--use-service-account-credentials=false",
    "--node-monitor-grace-period=1h", // in profile control no kubelet renews a lease
    "--kube-api-qps=200",
    "--kube-api-burst=400",
  ];
  // Its port answers before its controllers run; that they do shows when a namespace gets its service account.
  const ready = (): Promise<boolean> => Promise.resolve(true);
  const command = [programOf("kube-controller-manager"), ...options] as const;
  return { name: "kube-controller-manager", command, ready };
}

/** istiod as upstream Envoy understands it: without the filters and the certificates of Istio's own proxy. */
export function istiodSpec({ place, pki, programOf }: Setting): ProgramSpec {
  const mesh = join(place.data, "mesh.yaml");
  const discoveryAddress = `${at.xds.host}:${at.xds.port}`;
  writeFileSync(
    mesh,
    stringify({
      enableAutoMtls: false,
      enablePrometheusMerge: false,
      defaultProviders: {},
      defaultConfig: { discoveryAddress },
    }),
  );
  const options = [
    "discovery",
    `--kubeconfig=${place.kubeconfig}`,
    `--meshConfig=${mesh}`,
    "--registries=Kubernetes",
    `--grpcAddr=${discoveryAddress}`,
    "--secureGRPCAddr=",
    `--httpAddr=${new URL(at.istiodHttp).host}`,
    `--httpsAddr=${at.istiodWebhook}`,
    `--monitoringAddr=${new URL(at.istiodMonitoring).host}`,
    "--ctrlz_port=0",
    `--caCertFile=${pki.caFile}`,
    `--tlsCertFile=${pki.istiod.cert}`,
    `--tlsKeyFile=${pki.istiod.key}`,
  ];
  const env = {
    ...process.env,
    PILOT_ENABLE_METADATA_EXCHANGE: "false",
    PILOT_ENABLE_ALPN_FILTER: "false",
    ENABLE_CA_SERVER: "false",
    VALIDATION_WEBHOOK_CONFIG_NAME: "",
    INJECTION_WEBHOOK_CONFIG_NAME: "",
    POD_NAMESPACE: "istio-system",
    POD_NAME: "istiod-0",
  };
  const ready = (): Promise<boolean> => answers(`${at.istiodHttp}/ready`);
  return { name: "istiod", command: [programOf("istiod"), ...options], env, ready };
}
