import {
  type Api,
  createObject,
  getObject,
  isConflict,
  isNotFound,
  type KubeObject,
  replaceObject,
} from "@cocktail/kubernetes";
import { configMaps, fieldManager } from "../kinds.ts";
import { type Packed, unpack } from "./tables-packed.ts";
import { parseHead } from "./tables-document.ts";
import type { TableHead } from "./tables-head.ts";

export const headName = "cocktail-table";
export const tableLabels = {
  "app.kubernetes.io/managed-by": "cocktail",
  "app.kubernetes.io/component": "route-table",
} as const;

/** The head as it was read: its version is the precondition of the next write. */
export interface StoredHead {
  readonly object: KubeObject;
  readonly head: TableHead;
}

/** The object that holds the head. */
export class HeadObject {
  readonly #api: Api;
  readonly #namespace: string;
  #last: StoredHead | undefined;

  constructor(api: Api, namespace: string) {
    this.#api = api;
    this.#namespace = namespace;
  }

  /** The newest, straight from etcd: a read without a version is never one of the API server's cache. */
  async read(): Promise<StoredHead | undefined> {
    const ref = { namespace: this.#namespace, name: headName };
    const object = await getObject(this.#api, configMaps, ref);
    return object && (await this.decode(object));
  }

  async decode(object: KubeObject): Promise<StoredHead> {
    const last = this.#last;
    if (last !== undefined && isSame(last.object, object)) return last;
    const head = parseHead(await unpack(object), `ConfigMap ${headName}`);
    return this.#keep({ object, head });
  }

  /** Unless another was faster. */
  async create({ values }: Packed): Promise<void> {
    const metadata = { namespace: this.#namespace, name: headName, labels: tableLabels };
    await createObject(this.#api, configMaps, { metadata, ...values }, { fieldManager });
  }

  /** `conflict` if it is not any more what was read. */
  async replace(
    { object }: StoredHead,
    head: TableHead,
    { values }: Packed,
  ): Promise<"replaced" | "conflict"> {
    const { metadata } = object;
    // Labels and annotations of others stay.
    const labels = { ...metadata.labels, ...tableLabels };
    try {
      const written = await replaceObject(
        this.#api,
        configMaps,
        { ...object, ...values, metadata: { ...metadata, labels } },
        { fieldManager },
      );
      this.#keep({ object: written, head });
      return "replaced";
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) return "conflict";
      throw error;
    }
  }

  #keep(stored: StoredHead): StoredHead {
    this.#last = stored;
    return stored;
  }
}

function isSame({ metadata: one }: KubeObject, { metadata: other }: KubeObject): boolean {
  return one.uid === other.uid && one.resourceVersion === other.resourceVersion;
}
