/**
 * The RE2 full-match pattern of one pin, for engines (Envoy) that can't call `parse`. It matches a canonical header
 * exactly when `parseRoute` finds that pin. One variant a pattern: Istio refuses a regex over 1024 bytes.
 */
export function renderPinRegex(service: string, key: string): string {
  return `^(?:.*(?:::|,[ \\t]*))?${quote(service)}:${quote(key)}(?:(?:::|[ \\t]*,).*)?$`;
}

function quote(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&");
}
