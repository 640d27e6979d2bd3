import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** A certificate of its own authority for 127.0.0.1, for a day. */
export async function selfSigned(): Promise<Certificate> {
  const directory = await mkdtemp(join(tmpdir(), "cocktail-fault-proxy-"));
  const [cert, key] = [join(directory, "crt"), join(directory, "key")] as const;
  try {
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    const names = ["-subj", "/CN=fault-proxy", "-addext", "subjectAltName=IP:127.0.0.1"];
    const files = ["-keyout", key, "-out", cert];
    const words = ["req", "-x509", "-days", "1", ...curve, ...names, ...files];
    await promisify(execFile)("openssl", words);
    return { cert: await readFile(cert, "utf8"), key: await readFile(key, "utf8") };
  } finally {
    await rm(directory, { recursive: true });
  }
}
