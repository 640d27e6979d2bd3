/**
 * What to do where a process, or one that it started, may open no more files; undefined for any other cause. Otherwise the
 * failure looks like one of the file that was the one too many.
 */
export function openFilesFix(cause: unknown): string | undefined {
  const text = cause instanceof Error ? `${codeOf(cause)} ${cause.message}` : String(cause);
  if (!/\b(EMFILE|ENFILE)\b|too many open files|insufficient file descriptors/i.test(text))
    return undefined;
  return "Allow more open files, and start again: ulimit -n 4096 (ulimit -n says how many it is now).";
}

function codeOf(error: Error): string {
  return "code" in error ? String(error.code) : "";
}
