import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import {
  applyObject,
  deleteObject,
  HttpApi,
  type HttpApiOptions,
  KubeConfig,
  type KubeObject,
  type Logger,
  type Resource,
} from "@cocktail/kubernetes";

export const configMaps: Resource = {
  apiVersion: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  isNamespaced: true,
};
export const namespaces: Resource = {
  apiVersion: "v1",
  kind: "Namespace",
  plural: "namespaces",
  isNamespaced: false,
};

export function realApi(more: Partial<HttpApiOptions> = {}): HttpApi {
  const config = new KubeConfig();
  config.loadFromDefault();
  return new HttpApi({ config, userAgent: "test", ...more });
}

export const fieldManager = "test";

/** A name that no earlier run used: its namespace may still be terminating. */
export const unusedName = (prefix: string): string => `${prefix}-${randomBytes(4).toString("hex")}`;

export async function withNamespace(api: HttpApi, name: string): Promise<AsyncDisposable> {
  await applyObject(api, namespaces, { metadata: { name } }, { fieldManager, force: true });
  return {
    [Symbol.asyncDispose]: async () => {
      await deleteObject(api, namespaces, { name });
    },
  };
}

export const configMap = (
  namespace: string,
  name: string,
  data: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>> = {},
): KubeObject => ({ metadata: { namespace, name, labels }, data });

/** Keeps what the runtime reports. */
export class TestLog implements Logger {
  readonly lines: string[] = [];
  readonly #add = (level: string, fields: object, message: string): void => {
    const error: unknown = "err" in fields ? fields.err : undefined;
    this.lines.push(
      `${level} ${message}${error === undefined ? "" : `: ${inspect(error, { depth: 0 }).split("\n")[0]}`}`,
    );
  };

  debug(fields: object, message: string): void {
    this.#add("debug", fields, message);
  }
  info(fields: object, message: string): void {
    this.#add("info", fields, message);
  }
  warn(fields: object, message: string): void {
    this.#add("warn", fields, message);
  }
  error(fields: object, message: string): void {
    this.#add("error", fields, message);
  }

  count(pattern: RegExp): number {
    return this.lines.filter((line) => pattern.test(line)).length;
  }

  assertNo(pattern: RegExp): void {
    assert.deepEqual(
      this.lines.filter((line) => pattern.test(line)),
      [],
    );
  }
}
