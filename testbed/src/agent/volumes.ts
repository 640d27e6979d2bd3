import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { KubeApi } from "../inside/kube-api.ts";
import { type Container, fieldOf, type Pod, type ProjectedVolume } from "./pod.ts";

const tokenAnswer = z.object({ status: z.object({ token: z.string() }) });
const configMapAnswer = z.object({ data: z.record(z.string(), z.string()).default({}) });

/**
 * The words before a command that let it see the container's volumes: in mounts of its own, over /run, where the account of a pod belongs.
 * Volumes of other kinds are left out.
 */
export async function withVolumes(
  api: KubeApi,
  pod: Pod,
  { volumeMounts }: Container,
  directory: string,
): Promise<readonly string[]> {
  const mounts: string[] = [];
  for (const { name, mountPath } of volumeMounts) {
    const { projected } = pod.spec.volumes.find((one) => one.name === name) ?? {};
    if (projected === undefined) continue;
    const source = join(directory, pod.metadata.uid, name);
    await writeProjected(api, pod, projected, source);
    mounts.push(source, mountPath);
  }
  if (mounts.length === 0) return [];
  return ["unshare", "--mount", "--propagation=private", "--", "sh", "-euc", mountAll, "sh"].concat(
    String(mounts.length / 2),
    mounts,
  );
}

/** `sh -c ... N SOURCE PATH ... COMMAND`. */
const mountAll = `mount -t tmpfs tmpfs /run
left=$1; shift
while [ "$left" -gt 0 ]; do mkdir -p "$2"; mount --bind "$1" "$2"; shift 2; left=$((left - 1)); done
exec "$@"`;

async function writeProjected(
  api: KubeApi,
  pod: Pod,
  { sources }: ProjectedVolume,
  directory: string,
): Promise<void> {
  const write = (path: string, content: string): void => {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content, { mode: 0o600 });
  };
  for (const { serviceAccountToken, configMap, downwardAPI } of sources) {
    if (serviceAccountToken !== undefined)
      write(
        serviceAccountToken.path,
        await tokenOf(api, pod, serviceAccountToken.expirationSeconds),
      );
    if (configMap !== undefined) {
      const path = `/api/v1/namespaces/${pod.metadata.namespace}/configmaps/${configMap.name}`;
      const { data } = configMapAnswer.parse(await api.call("GET", path));
      for (const item of configMap.items) write(item.path, data[item.key] ?? "");
    }
    for (const { path, fieldRef } of downwardAPI?.items ?? [])
      write(path, fieldOf(pod, fieldRef.fieldPath));
  }
}

/** Bound to the pod. The API server lets the default one of an hour pass for a year, so that it outlives the testbed without renewal. */
async function tokenOf(
  api: KubeApi,
  { metadata: { name, namespace, uid }, spec: { serviceAccountName } }: Pod,
  expirationSeconds: number | undefined,
): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccountName}/token`;
  const boundObjectRef = { apiVersion: "v1", kind: "Pod", name, uid };
  const answer = await api.call("POST", path, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { boundObjectRef, expirationSeconds },
  });
  return tokenAnswer.parse(answer).status.token;
}
