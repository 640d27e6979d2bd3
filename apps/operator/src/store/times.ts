/** RFC 3339, as objects of Kubernetes have times; the engine has epoch milliseconds. */
export function timeText(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

export function epochMs(text: string): number {
  return Date.parse(text);
}

interface Lifetime {
  readonly ttlSeconds?: number | undefined;
  readonly expiresAt?: string | undefined;
}

/** When the object ends. A time takes precedence of a duration. */
export function expiryOf(
  { ttlSeconds, expiresAt }: Lifetime,
  createdAt: number,
): number | undefined {
  if (expiresAt !== undefined) return epochMs(expiresAt);
  return ttlSeconds === undefined ? undefined : createdAt + ttlSeconds * 1000;
}

/** The fields to write for another end than the one that was read. A duration is left to who wrote it, unless it has to go. */
export function lifetimeFields(expiresAt: number | undefined): Lifetime {
  return expiresAt === undefined
    ? { ttlSeconds: undefined, expiresAt: undefined }
    : { expiresAt: timeText(expiresAt) };
}
