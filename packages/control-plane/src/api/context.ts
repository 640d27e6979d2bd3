import type { Readiness, Status } from "@cocktail/client";
import type { Actor } from "@cocktail/environment";
import type { LifecycleService } from "../service/lifecycle-service.ts";
import type { Platform } from "../engine/platform.ts";
import type { RouteTableStore } from "../store/route-table-store.ts";
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
  readonly store: Pick<Store, "available">;
  readonly tables: RouteTableStore;
  /** Who asks for a change: the holder of the token. */
  readonly actor: Actor;
  readonly platform: Pick<Platform, "logs">;
  readonly streams: Streams;
  readonly about: () => About;
  readonly readiness: () => Readiness;
}
