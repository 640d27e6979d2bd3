import {
  defaultMeshNames,
  type KubeObject,
  type MeshService,
  type VirtualService,
  withDelegate,
} from "@cocktail/mesh";
import { appPort, type TestObject } from "@cocktail/testbed";

export const hostOf = (name: string, namespace: string): string =>
  `${name}.${namespace}.svc.cluster.local`;

/** A chart's VirtualService without Cocktail. */
function plain(name: string, namespace: string): VirtualService {
  const host = hostOf(name, namespace);
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name, namespace },
    spec: { hosts: [host], http: [{ route: [{ destination: { host } }] }] },
  };
}

/** A service whose chart has the static block. */
export function meshService(name: string, namespace: string): MeshService {
  const base = withDelegate(plain(name, namespace), name, defaultMeshNames);
  return { name, namespace, ports: [{ number: appPort, name: "http" }], base };
}

/** As the API takes them. */
export function toTestObjects(objects: readonly KubeObject[]): readonly TestObject[] {
  return objects.map(({ apiVersion, kind, metadata, spec }) => ({
    apiVersion,
    kind,
    metadata,
    spec,
  }));
}
