/** A Kubernetes object as tests write it. */
export interface TestObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export const appPort = 8080;

/** A namespace whose pods get a sidecar. */
export function meshNamespace(name: string): TestObject {
  const labels = { "istio-injection": "enabled" };
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
}

export interface AppOptions {
  readonly namespace: string;
  readonly service: string;
  /** `stable` by default. */
  readonly variant?: string;
  readonly replicas?: number;
}

/** The Deployment of one variant, as a chart writes it: stable's pods carry `app`, a branch's the labels that Cocktail selects. */
export function deployment({
  namespace,
  service,
  variant = "stable",
  replicas = 1,
}: AppOptions): TestObject {
  const stable = variant === "stable";
  const name = stable ? service : `${service}-${variant}`;
  const labels = stable
    ? { app: service }
    : { "cocktail.dev/service": service, "cocktail.dev/variant": variant };
  const env = [
    { name: "SERVICE", value: service },
    { name: "VARIANT", value: variant },
    { name: "PORT", value: String(appPort) },
    { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
  ];
  const container = {
    name: "app",
    image: process.env["COCKTAIL_TEST_IMAGE"] ?? "cocktail.test/app:1",
    imagePullPolicy: "IfNotPresent",
    env,
    ports: [{ containerPort: appPort }],
    readinessProbe: { httpGet: { path: "/", port: appPort }, periodSeconds: 1 },
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [container],
          terminationGracePeriodSeconds: 5,
          automountServiceAccountToken: false,
        },
      },
    },
  };
}

export function service({ namespace, service: name }: AppOptions): TestObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace },
    spec: {
      selector: { app: name },
      ports: [{ name: "http", port: appPort, targetPort: appPort }],
    },
  };
}
