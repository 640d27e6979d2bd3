import type { Readiness, Status } from "@cocktail/client";
import type { LifecycleService } from "../lifecycle/lifecycle-service.ts";
import type { Platform } from "../lifecycle/platform.ts";
import type { Store } from "../store/store.ts";
import type { Streams } from "./streaming/streams.ts";

/** What only the composition root knows of a cocktail. */
export type About = Pick<
  Status,
  "name" | "version" | "domain" | "edge" | "startedAt" | "recovered"
>;

/** What the operations work with. */
export interface ApiContext {
  readonly lifecycle: LifecycleService;
  readonly store: Store;
  readonly platform: Pick<Platform, "logs">;
  readonly streams: Streams;
  readonly about: () => About;
  readonly readiness: () => Readiness;
}
