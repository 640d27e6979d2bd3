import type { Api } from "../api/api.ts";
import { ApiUnreachable, isExpired } from "../api/api-error.ts";
import { collectionPath, type Resource } from "../api/resource.ts";
import { isKubeObject, isRecord, type KubeObject } from "../object.ts";
import type { Selection } from "./selection.ts";

export interface Listed {
  readonly items: readonly KubeObject[];
  /** Where a watch goes on. */
  readonly resourceVersion: string;
}

export interface ListOptions extends Selection {
  readonly pageSize?: number | undefined;
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** All objects of one moment, in pages. The moment is now: never the API server's cache of the past. */
export async function listObjects(
  api: Api,
  resource: Resource,
  options: ListOptions = {},
): Promise<Listed> {
  const { pageSize = 500 } = options;
  try {
    return await listPages(api, resource, options, pageSize);
  } catch (error) {
    // The moment of the first page is compacted away: only a list in one piece surely ends.
    if (isExpired(error)) return await listPages(api, resource, options, undefined);
    throw error;
  }
}

async function listPages(
  api: Api,
  resource: Resource,
  options: ListOptions,
  limit: number | undefined,
): Promise<Listed> {
  const { namespace, labelSelector, fieldSelector, timeoutMs, signal } = options;
  const path = collectionPath(resource, namespace);
  const items: KubeObject[] = [];
  for (let next: string | undefined; ;) {
    const query = { labelSelector, fieldSelector, limit, continue: next };
    const page = parsePage(
      path,
      await api.request({ method: "GET", path, query, timeoutMs, signal }),
    );
    for (const item of page.items) items.push(withType(item, resource));
    if (page.next === undefined) return { items, resourceVersion: page.resourceVersion };
    next = page.next;
  }
}

/** Items of a list carry no type if their kind is built in, unlike those of a watch. */
function withType(object: KubeObject, { apiVersion, kind }: Resource): KubeObject {
  return object.kind === undefined ? { apiVersion, kind, ...object } : object;
}

interface Page extends Listed {
  readonly next: string | undefined;
}

function parsePage(path: string, body: unknown): Page {
  const metadata = isRecord(body) && isRecord(body["metadata"]) ? body["metadata"] : {};
  const { resourceVersion, continue: next } = metadata;
  const items = isRecord(body) ? (body["items"] ?? []) : undefined;
  if (typeof resourceVersion !== "string" || !Array.isArray(items) || !items.every(isKubeObject))
    throw new ApiUnreachable(`GET ${path}: the answer is not a list of objects`);
  return {
    items,
    resourceVersion,
    next: typeof next === "string" && next !== "" ? next : undefined,
  };
}
