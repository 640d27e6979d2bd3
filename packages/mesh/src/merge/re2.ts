const maxRepeat = 1000;

/**
 * True for a pattern that RE2 surely refuses. One such pattern would make istiod refuse the whole VirtualService. Syntax that RE2 has and
 * JavaScript has not is taken out before JavaScript is asked.
 */
export function isRefusedByRe2(pattern: string): boolean {
  const plain = pattern.replaceAll(/\\[^1-9]/g, "x");
  if (/\(\?(?:[=!]|<[=!])|\\[1-9]/.test(plain)) return true;
  const repeats = [...plain.matchAll(/\{(\d+)(?:,(\d*))?\}/g)].flatMap(([, from, to]) => [
    from,
    to,
  ]);
  if (repeats.some((count) => Number(count ?? 0) > maxRepeat)) return true;
  const known = pattern
    .replaceAll("(?P<", "(?<")
    .replaceAll(/\(\?[imsU-]+:/g, "(?:")
    .replaceAll(/\(\?[imsU-]+\)/g, "");
  try {
    new RegExp(known);
    return false;
  } catch {
    return true;
  }
}
