import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunTool } from "../install/tool.ts";
import { node } from "./addresses.ts";

export interface Pki {
  readonly caFile: string;
  readonly caBase64: string;
  readonly apiServer: { readonly cert: string; readonly key: string };
  readonly istiod: { readonly cert: string; readonly key: string };
  readonly serviceAccountKey: string;
}

const algorithm = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** One authority for the API server and istiod's webhooks, and the key of service account tokens; all lasts a day. */
export async function makePki(directory: string, run: RunTool): Promise<Pki> {
  const at = (file: string): string => join(directory, file);
  const request = ["req", "-x509", "-days", "1", ...algorithm];
  const caOptions = [
    "-subj",
    "/CN=cocktail-testbed",
    "-keyout",
    at("ca.key"),
    "-out",
    at("ca.crt"),
  ];
  await run("openssl", [...request, ...caOptions], {});
  const issue = async (
    name: string,
    names: string,
  ): Promise<{ readonly cert: string; readonly key: string }> => {
    const signer = ["-CA", at("ca.crt"), "-CAkey", at("ca.key")];
    const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=${names}`];
    const constraints = ["-addext", "basicConstraints=critical,CA:FALSE"];
    const files = ["-keyout", at(`${name}.key`), "-out", at(`${name}.crt`)];
    await run("openssl", [...request, ...signer, ...subject, ...constraints, ...files], {});
    return { cert: at(`${name}.crt`), key: at(`${name}.key`) };
  };
  const kubernetes = "DNS:kubernetes.default.svc,DNS:kubernetes";
  const apiServer = await issue("apiserver", `IP:${node},IP:127.0.0.1,${kubernetes}`);
  const istiod = await issue("istiod", "IP:127.0.0.1,DNS:istiod.istio-system.svc");
  const key = at("service-account.key");
  // In the form of SEC 1, the one that kube-apiserver reads for elliptic curves.
  const curve = ["ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", key];
  await run("openssl", curve, {});
  return {
    caFile: at("ca.crt"),
    caBase64: readFileSync(at("ca.crt")).toString("base64"),
    apiServer,
    istiod,
    serviceAccountKey: key,
  };
}

/** A kubeconfig for the administrator, whose token the API server takes from `tokensFile`. */
export function writeKubeconfig(
  file: string,
  options: { readonly server: string; readonly caBase64: string; readonly token: string },
): void {
  const { server, caBase64, token } = options;
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "testbed", cluster: { server, "certificate-authority-data": caBase64 } }],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "testbed", context: { cluster: "testbed", user: "admin" } }],
    "current-context": "testbed",
  };
  writeFileSync(file, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
}
