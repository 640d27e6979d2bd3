import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";

/** A request of a service account, as the API server recorded it. */
export interface AuditedRequest {
  readonly verb: string;
  /** With the group, unless it is the core group, and the subresource: `deployments.apps/scale`. */
  readonly resource: string;
  readonly path: string;
  readonly status: number;
}

const line = z.object({
  verb: z.string(),
  requestURI: z.string(),
  user: z.object({ username: z.string() }),
  objectRef: z
    .object({
      resource: z.string().default(""),
      subresource: z.string().optional(),
      apiGroup: z.string().optional(),
    })
    .default({ resource: "" }),
  responseStatus: z.object({ code: z.number() }).default({ code: 0 }),
});

/** What one service account has asked for so far in the testbed of this process. */
export function auditedRequests(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  kubeconfig = process.env["KUBECONFIG"] ?? "",
): readonly AuditedRequest[] {
  const text = readFileSync(join(dirname(kubeconfig), "logs/audit.log"), "utf8");
  const username = `system:serviceaccount:${namespace}:${name}`;
  const lines = text.split("\n").slice(0, -1);
  return lines
    .map((one) => line.parse(JSON.parse(one)))
    .filter(({ user }) => user.username === username)
    .map(({ verb, requestURI: path, objectRef, responseStatus: { code: status } }) => {
      const { resource, subresource, apiGroup } = objectRef;
      const group = apiGroup === undefined ? "" : `.${apiGroup}`;
      const sub = subresource === undefined ? "" : `/${subresource}`;
      return { verb, resource: `${resource}${group}${sub}`, path, status };
    });
}
