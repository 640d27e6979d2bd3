import { isRecord } from "../object.ts";
import type { Api } from "./api.ts";
import { isNotFound } from "./api-error.ts";
import type { Resource } from "./resource.ts";

/** Finds how the API serves a kind. What is found is kept; what is missing is asked for again, because CRDs arrive late. */
export class Discovery {
  readonly #api: Api;
  readonly #found = new Map<string, Resource>();

  constructor(api: Api) {
    this.#api = api;
  }

  /** Undefined if the API doesn't serve the kind. */
  async find(apiVersion: string, kind: string): Promise<Resource | undefined> {
    const known = this.#found.get(`${apiVersion} ${kind}`);
    if (known !== undefined) return known;
    for (const resource of await this.#resourcesOf(apiVersion))
      this.#found.set(`${apiVersion} ${resource.kind}`, resource);
    return this.#found.get(`${apiVersion} ${kind}`);
  }

  async #resourcesOf(apiVersion: string): Promise<readonly Resource[]> {
    if (!/^([a-z0-9.-]+\/)?v[a-z0-9]+$/.test(apiVersion))
      throw new TypeError(`${JSON.stringify(apiVersion)} is not an apiVersion`);
    const path = `${apiVersion.includes("/") ? "/apis" : "/api"}/${apiVersion}`;
    try {
      return parseResources(apiVersion, await this.#api.request({ method: "GET", path }));
    } catch (error) {
      if (isNotFound(error)) return [];
      throw error;
    }
  }
}

/** Of an APIResourceList, without subresources. */
function parseResources(apiVersion: string, list: unknown): readonly Resource[] {
  if (!isRecord(list) || !Array.isArray(list["resources"])) return [];
  return list["resources"].flatMap((each: unknown): readonly Resource[] => {
    if (!isRecord(each)) return [];
    const { name, kind, namespaced } = each;
    if (typeof name !== "string" || typeof kind !== "string" || name.includes("/")) return [];
    return [{ apiVersion, kind, plural: name, isNamespaced: namespaced === true }];
  });
}
