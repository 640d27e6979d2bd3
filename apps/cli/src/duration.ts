const seconds = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;
type Unit = keyof typeof seconds;
const written = /^(?:\d+[smhdw])+$/;
const maxSeconds = 10 * 365 * seconds.d;

/** Seconds of `90s`, `48h`, `1h30m`, `7d`; undefined if the text is not a duration of 1 second to 10 years. */
export function parseDuration(text: string): number | undefined {
  if (!written.test(text)) return undefined;
  let total = 0;
  for (const [, amount = "", unit = ""] of text.matchAll(/(\d+)([smhdw])/g)) {
    if (isUnit(unit)) total += Number(amount) * seconds[unit];
  }
  return total >= 1 && total <= maxSeconds ? total : undefined;
}

/** The two largest units: `2d4h`, `3m20s`, `0s`. */
export function formatDuration(total: number): string {
  let rest = Math.max(0, Math.floor(total));
  const parts: string[] = [];
  for (const unit of ["d", "h", "m", "s"] as const) {
    const amount = Math.floor(rest / seconds[unit]);
    rest -= amount * seconds[unit];
    if (amount > 0 && parts.length < 2) parts.push(`${amount}${unit}`);
    else if (parts.length > 0) break;
  }
  return parts.length === 0 ? "0s" : parts.join("");
}

/** How long ago, as `4m`; `-` if the instant is absent or invalid. */
export function formatAge(instant: string | undefined, now: number): string {
  const at = instant === undefined ? Number.NaN : Date.parse(instant);
  if (Number.isNaN(at)) return "-";
  return formatDuration((now - at) / 1000);
}

/** `2026-08-23T10:12Z (in 47h)`; `-` without an expiry. */
export function formatExpiry(instant: string | undefined, now: number): string {
  const at = instant === undefined ? Number.NaN : Date.parse(instant);
  if (Number.isNaN(at)) return "-";
  const minute = new Date(at).toISOString().replace(/:\d\d\.\d+Z$/, "Z");
  return at <= now ? `${minute} (due)` : `${minute} (in ${formatDuration((at - now) / 1000)})`;
}

function isUnit(text: string): text is Unit {
  return Object.hasOwn(seconds, text);
}
