import type { FileChange, Readiness, Status } from "@cocktail/client";
import type { Actor } from "@cocktail/environment";
import type { LifecycleService } from "../service/lifecycle-service.ts";
import type { Platform } from "../engine/platform.ts";
import type { RouteTableStore } from "../store/route-table-store.ts";
import type { Store } from "../store/store.ts";
import type { Streams } from "./streaming/streams.ts";

/** Facts about the cocktail that only the composition root knows. */
export type About = Pick<
  Status,
  "name" | "version" | "domain" | "edge" | "exposure" | "startedAt" | "recovered" | "outdated"
>;

/** Of the file whose services it runs, where there is one. Throws nothing that is the user's fault. */
export type ApplyFile = (isDryRun: boolean) => Promise<FileApplication>;
export type FileApplication =
  | { readonly kind: "applied"; readonly change: FileChange }
  | { readonly kind: "invalid"; readonly detail: string; readonly fix: string };

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
  readonly applyFile?: ApplyFile | undefined;
  readonly readiness: () => Readiness;
}
