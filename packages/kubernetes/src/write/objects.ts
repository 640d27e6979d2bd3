import type { Api } from "../api/api.ts";
import { ApiError, isAlreadyExists, isNotFound } from "../api/api-error.ts";
import { collectionPath, objectPath, type Resource } from "../api/resource.ts";
import { isKubeObject, type KubeObject, type ObjectRef } from "../object.ts";

/** One step of a JSON patch (RFC 6902). */
export type PatchStep =
  | { readonly op: "add" | "replace" | "test"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

export interface WriteOptions {
  readonly fieldManager: string;
  /** `status`, `scale`. */
  readonly subresource?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly dryRun?: boolean | undefined;
  /** Refused with fields that the schema doesn't have. Otherwise the API drops them, which may turn a condition into none. */
  readonly isStrict?: boolean | undefined;
}

const queryOf = ({
  fieldManager,
  dryRun,
  isStrict,
}: WriteOptions): Record<string, string | undefined> => ({
  fieldManager,
  dryRun: dryRun === true ? "All" : undefined,
  fieldValidation: isStrict === true ? "Strict" : undefined,
});

/** Undefined if it is not there. */
export async function getObject(
  api: Api,
  resource: Resource,
  ref: ObjectRef,
  signal?: AbortSignal,
): Promise<KubeObject | undefined> {
  try {
    return expectObject(
      await api.request({ method: "GET", path: objectPath(resource, ref), signal }),
    );
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Server-side apply: makes the given fields so, creates the object if need be, and gives up fields of this manager that are not given.
 * Rejects with a conflict if another manager owns one of them, unless `force`.
 */
export async function applyObject(
  api: Api,
  resource: Resource,
  object: KubeObject,
  options: WriteOptions & { readonly force?: boolean | undefined },
): Promise<KubeObject> {
  const { apiVersion, kind } = resource;
  const answer = await api.request({
    method: "PATCH",
    path: objectPath(resource, object.metadata, options.subresource),
    query: { ...queryOf(options), force: options.force },
    contentType: "application/apply-patch+yaml",
    body: { apiVersion, kind, ...object },
    signal: options.signal,
  });
  return expectObject(answer);
}

/** A JSON patch. If one of its tests fails it rejects with a conflict. */
export async function patchObject(
  api: Api,
  resource: Resource,
  target: ObjectRef & { readonly steps: readonly PatchStep[] },
  options: WriteOptions,
): Promise<KubeObject> {
  const path = objectPath(resource, target, options.subresource);
  try {
    const answer = await api.request({
      method: "PATCH",
      path,
      query: queryOf(options),
      contentType: "application/json-patch+json",
      body: target.steps,
      signal: options.signal,
    });
    return expectObject(answer);
  } catch (error) {
    if (!isUnfit(error) || !target.steps.some(({ op }) => op === "test")) throw error;
    const message = "a test of the patch failed: the object is not as it was read";
    throw new ApiError(`PATCH ${path}`, { status: 409, reason: "Conflict", message });
  }
}

/** The API says only this of a patch that doesn't fit the object; what is wrong with the outcome it says in detail. */
function isUnfit(error: unknown): boolean {
  const text = "the server rejected our request due to an error in our request";
  return error instanceof ApiError && error.status === 422 && error.message.endsWith(text);
}

/** Undefined if an object of this name exists, even one that is being deleted. */
export async function createObject(
  api: Api,
  resource: Resource,
  object: KubeObject,
  options: WriteOptions,
): Promise<KubeObject | undefined> {
  const { apiVersion, kind } = resource;
  try {
    const answer = await api.request({
      method: "POST",
      path: collectionPath(resource, object.metadata.namespace),
      query: queryOf(options),
      body: { apiVersion, kind, ...object },
      signal: options.signal,
    });
    return expectObject(answer);
  } catch (error) {
    if (isAlreadyExists(error)) return undefined;
    throw error;
  }
}

/** Replaces an object as it was read and changed. Its resourceVersion, if it has one, is the precondition. */
export async function replaceObject(
  api: Api,
  resource: Resource,
  object: KubeObject,
  options: WriteOptions,
): Promise<KubeObject> {
  const answer = await api.request({
    method: "PUT",
    path: objectPath(resource, object.metadata, options.subresource),
    query: queryOf(options),
    body: object,
    signal: options.signal,
  });
  return expectObject(answer);
}

/** The steps that make a patch apply only to the object as it was read. */
export function onlyIfUnchanged({
  metadata: { uid, resourceVersion },
}: KubeObject): readonly PatchStep[] {
  return [
    { op: "test", path: "/metadata/uid", value: uid },
    { op: "test", path: "/metadata/resourceVersion", value: resourceVersion },
  ];
}

export interface DeleteOptions {
  /** Only this very object. */
  readonly uid?: string | undefined;
  /** Only in this state. */
  readonly resourceVersion?: string | undefined;
  readonly propagationPolicy?: "Foreground" | "Background" | "Orphan" | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** `absent` if it was not there. Rejects with a conflict if a precondition doesn't hold. */
export async function deleteObject(
  api: Api,
  resource: Resource,
  ref: ObjectRef,
  { uid, resourceVersion, propagationPolicy, signal }: DeleteOptions = {},
): Promise<"deleted" | "absent"> {
  const preconditions = { uid, resourceVersion };
  const body = { apiVersion: "v1", kind: "DeleteOptions", preconditions, propagationPolicy };
  try {
    await api.request({ method: "DELETE", path: objectPath(resource, ref), body, signal });
    return "deleted";
  } catch (error) {
    if (isNotFound(error)) return "absent";
    throw error;
  }
}

function expectObject(value: unknown): KubeObject {
  if (isKubeObject(value)) return value;
  throw new Error("the answer is not an object of Kubernetes");
}
