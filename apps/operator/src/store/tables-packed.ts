import { promisify } from "node:util";
import { constants, gunzip, gzip } from "node:zlib";
import { ControlPlaneError, storeCorrupt } from "@cocktail/control-plane/store";
import type { KubeObject } from "@cocktail/kubernetes";

/** The API server refuses a ConfigMap with more bytes of values. */
export const configMapBytes = 2 ** 20;
const field = "document.json.gz";
/** What a reader unpacks at most: a small object may hold very much. */
const unpackedBytes = 64 * 2 ** 20;

const compress = promisify(gzip);
const decompress = promisify<Buffer, { readonly maxOutputLength: number }, Buffer>(gunzip);

type Values = Pick<KubeObject, "data" | "binaryData">;

/**
 * Compressed, because the API server and etcd copy the whole object with every write: a table of 2,000 variants takes 0.7 MB
 * as text, and 0.05 to 0.13 MB so. `summary` is for people only.
 */
export async function pack(
  text: string,
  summary: Readonly<Record<string, string>>,
): Promise<Packed> {
  const plain = Buffer.byteLength(text);
  const packed = await compress(text, { level: constants.Z_BEST_SPEED });
  const bytes = Object.values(summary).reduce((size, one) => size + one.length, packed.length);
  const values = { data: summary, binaryData: { [field]: packed.toString("base64") } };
  // What no reader would unpack counts as it is: no limit is so high.
  return { bytes: plain > unpackedBytes ? plain : bytes, plain, values };
}

export interface Packed {
  /** As the API server counts them. */
  readonly bytes: number;
  readonly plain: number;
  readonly values: Values;
}

/** The text of a ConfigMap. Throws STORE_CORRUPT if there is none. */
export async function unpack({ binaryData, metadata }: KubeObject): Promise<string> {
  const values = typeof binaryData === "object" && binaryData !== null ? binaryData : {};
  const base64: unknown = Object.hasOwn(values, field) ? Reflect.get(values, field) : undefined;
  const what = `ConfigMap ${metadata.name}`;
  if (typeof base64 !== "string") throw storeCorrupt(`${what} has no ${field}`);
  try {
    const plain = await decompress(Buffer.from(base64, "base64"), {
      maxOutputLength: unpackedBytes,
    });
    return plain.toString();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw storeCorrupt(`${what}: ${field} can't be unpacked: ${why}`);
  }
}

export function tooBig(what: string, { bytes, plain }: Packed, limit: number): ControlPlaneError {
  const [size, unpacked, most] = [bytes, plain, limit].map((one) => one.toLocaleString("en-US"));
  return new ControlPlaneError(
    "TABLE_INVALID",
    `${what} is too big to be stored: ${size} bytes compressed (${unpacked} before), and the limit is ${most}`,
  );
}
