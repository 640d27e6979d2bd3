/** The root layer, and the variant that runs production's version. */
export const STABLE = "stable";
/** The built-in layer of all release candidates, and the key of each of them. */
export const RC = "rc";

const label = "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?";
const servicePattern = new RegExp(`^${label}(?:\\.${label})*$`);
const keyPattern = /^[a-z0-9](?:[-a-z0-9]{0,38}[a-z0-9])?$/;

/** True for a DNS-1123 subdomain of at most 253 characters, lower case. */
export function isServiceName(text: string): boolean {
  return text.length <= 253 && servicePattern.test(text);
}

/** True for a DNS label of at most 40 characters, lower case: a variant's key, and an environment's name. */
export function isKey(text: string): boolean {
  return keyPattern.test(text);
}

/** True for the keys whose variants are not branches. */
export function isReservedKey(key: string): boolean {
  return key === STABLE || key === RC;
}

/** `service:key`, the way a variant is written everywhere. */
export function formatVariant(service: string, key: string): string {
  return `${service}:${key}`;
}

/** The two parts of `service:key`, or undefined where the text is not of that form. */
export function parseVariant(text: string): Pin | undefined {
  const colon = text.indexOf(":");
  if (colon < 0) return undefined;
  const service = text.slice(0, colon);
  const key = text.slice(colon + 1);
  return isServiceName(service) && isKey(key) ? { service, key } : undefined;
}

/** One `service:key` pair of a route. */
export interface Pin {
  readonly service: string;
  readonly key: string;
}
