import type { Missed, Rejection, Via } from "@cocktail/route";

/** Body of `POST /v1/resolve`. */
export interface ResolveRequest {
  readonly pins?: string | undefined;
  readonly environment?: string | undefined;
  readonly mode?: string | undefined;
  /** Absent: every service. */
  readonly service?: string | undefined;
  /** Absent: the head. */
  readonly epoch?: number | undefined;
}
export interface ResolvedService {
  readonly service: string;
  /** `service:key`; absent when nothing serves. */
  readonly variant?: string | undefined;
  readonly via: Via;
  readonly layer?: string | undefined;
  readonly missed: readonly Missed[];
}
export interface ResolveResult {
  readonly epoch: number;
  readonly canonical: {
    readonly pins?: string | undefined;
    readonly environment?: string | undefined;
  };
  readonly rejected: readonly Rejection[];
  readonly services: readonly ResolvedService[];
}
