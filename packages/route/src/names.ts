/** The root layer, and the key of the variant that runs production's version. */
export const STABLE = "stable";
/** The built-in layer of all release candidates, and the key of each of them. */
export const RC = "rc";

const maxServiceLength = 253;
const maxLabelLength = 63;
const maxKeyLength = 40;

/** True for a DNS-1123 subdomain of at most 253 characters, lower case. */
export function isServiceName(text: string): boolean {
  if (text.length > maxServiceLength) return false;
  let from = 0;
  for (let dot = text.indexOf("."); dot >= 0; dot = text.indexOf(".", from)) {
    if (dot - from > maxLabelLength || !isLabel(text, from, dot)) return false;
    from = dot + 1;
  }
  return text.length - from <= maxLabelLength && isLabel(text, from, text.length);
}

/** True for a DNS label of at most 40 characters, lower case: a variant's key, and an environment's name. */
export function isKey(text: string): boolean {
  return text.length <= maxKeyLength && isLabel(text, 0, text.length);
}

/** `[a-z0-9]([-a-z0-9]*[a-z0-9])?` as a loop: several times faster than RegExp, and in the hot path of routed requests. */
function isLabel(text: string, from: number, to: number): boolean {
  if (from >= to || text.charCodeAt(from) === dash || text.charCodeAt(to - 1) === dash)
    return false;
  for (let at = from; at < to; at++) {
    const unit = text.charCodeAt(at);
    const inside = (unit >= 97 && unit <= 122) || (unit >= 48 && unit <= 57) || unit === dash;
    if (!inside) return false;
  }
  return true;
}

const dash = 45;

/** True for the keys whose variants are not branches. */
export function isReservedKey(key: string): boolean {
  return key === STABLE || key === RC;
}

/** `service:key`, the written form of a variant. */
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
