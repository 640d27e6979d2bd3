import { Agent } from "undici";

export interface KubeAnswer {
  readonly status: number;
  readonly body: unknown;
}

export type Method = "GET" | "POST" | "PATCH" | "DELETE";

/** The few calls that the testbed itself makes. Tests and operators use a client of their own with the kubeconfig. */
export interface KubeApi {
  readonly token: string;
  /** Any answer, whatever its status. */
  raw(method: Method, path: string, body?: unknown, contentType?: string): Promise<KubeAnswer>;
  /** The body of a 2xx answer. Throws otherwise. */
  call(method: Method, path: string, body?: unknown, contentType?: string): Promise<unknown>;
}

export function kubeApi(server: string, ca: string, token: string): KubeApi {
  const dispatcher = new Agent({ connect: { ca } });
  const raw: KubeApi["raw"] = async (method, path, body, contentType = "application/json") => {
    const { statusCode, body: answer } = await dispatcher.request({
      origin: server,
      path,
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": contentType },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: statusCode, body: text.startsWith("{") ? JSON.parse(text) : text };
  };
  const call: KubeApi["call"] = async (method, path, body, contentType) => {
    const answer = await raw(method, path, body, contentType);
    if (answer.status < 200 || answer.status > 299)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  return { token, raw, call };
}

export const mergePatch = "application/merge-patch+json";
export const serverSideApply = "application/apply-patch+yaml";
