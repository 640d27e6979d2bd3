import type { ObjectRef } from "../object.ts";

/** A kind as the API serves it. */
export interface Resource {
  /** `v1`, `networking.istio.io/v1`. */
  readonly apiVersion: string;
  readonly kind: string;
  /** `virtualservices`. */
  readonly plural: string;
  readonly isNamespaced: boolean;
}

/** Of the whole cluster without a namespace. */
export function collectionPath(resource: Resource, namespace?: string): string {
  const { apiVersion, plural, isNamespaced } = resource;
  const base = apiVersion.includes("/") ? "/apis" : "/api";
  const version = apiVersion.split("/").map(segment).join("/");
  const scope = namespace === undefined ? "" : `/namespaces/${segment(namespace)}`;
  if (namespace !== undefined && !isNamespaced)
    throw new TypeError(
      `${plural} of ${apiVersion} are cluster-scoped, but namespace ${namespace} was given`,
    );
  return `${base}/${version}${scope}/${segment(plural)}`;
}

export function objectPath(
  resource: Resource,
  { namespace, name }: ObjectRef,
  subresource?: string,
): string {
  if (namespace === undefined && resource.isNamespaced)
    throw new TypeError(`${resource.kind} ${name} needs a namespace`);
  const rest = subresource === undefined ? "" : `/${segment(subresource)}`;
  return `${collectionPath(resource, namespace)}/${segment(name)}${rest}`;
}

/** Names come from objects that others wrote: none may lead to another path. */
function segment(text: string): string {
  if (!/^[A-Za-z0-9](?:[-A-Za-z0-9._:]{0,251}[A-Za-z0-9])?$/.test(text))
    throw new TypeError(
      `${JSON.stringify(text.slice(0, 300))} is not a valid name in a path of the API`,
    );
  return text;
}
