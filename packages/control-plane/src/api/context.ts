import type { Readiness, Status } from "@cocktail/client";
import type { Actor } from "@cocktail/environment";
import type { LifecycleService } from "../service/lifecycle-service.ts";
import type { Platform } from "../engine/platform.ts";
import type { RouteTableStore } from "../store/route-table-store.ts";
import type { Store } from "../store/store.ts";
import type { Streams } from "./streaming/streams.ts";

/** Facts about the cocktail that only the composition root knows. */
export type About = Pick<
  Status,
  "name" | "version" | "domain" | "edge" | "startedAt" | "recovered"
>;

/** The dependencies of the operations. */
export interface ApiContext {
  readonly lifecycle: LifecycleService;
  readonly store: Pick<Store, "available">;
  readonly tables: RouteTableStore;
  /** Who requests a change: the holder of the token. */
  readonly actor: Actor;
  readonly platform: Pick<Platform, "logs">;
  readonly streams: Streams;
  readonly about: () => About;
  readonly readiness: () => Readiness;
}
