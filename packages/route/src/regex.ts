/**
 * The RE2 full-match pattern of one pin, for proxies such as Envoy. It matches a canonical header exactly when `parseRoute`
 * finds that pin. One variant per pattern, because Istio refuses a regex over 1024 bytes.
 */
export function renderPinRegex(service: string, key: string): string {
  return `^(?:.*(?:::|,[ \\t]*))?${escapeRegex(service)}:${escapeRegex(key)}(?:(?:::|[ \\t]*,).*)?$`;
}

function escapeRegex(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&");
}
