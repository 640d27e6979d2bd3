import type { Registry } from "prom-client";
import type { HeaderNames } from "@cocktail/route";
import type { EngineOptions } from "../engine/options.ts";
import type { Store } from "../store/store.ts";

export interface LifecycleOptions extends Omit<
  EngineOptions,
  "objects" | "tables" | "urlOf" | "metrics"
> {
  readonly store: Pick<Store, "objects" | "tables">;
  /** Virtual hosts are `<service>.<domain>`. */
  readonly domain: string;
  /** Base URL of the edge, once it listens: its scheme and port go into the URLs of views. */
  readonly edge?: (() => string | undefined) | undefined;
  readonly headerNames?: HeaderNames | undefined;
  /** Ticket projects that make a branch's key; none: any. */
  readonly ticketProjects?: readonly string[] | undefined;
  readonly metrics?: Registry | undefined;
  /** How long a change waits for an object of its name that is being deleted, in milliseconds. Default 30,000. */
  readonly deletionWaitMs?: number | undefined;
}
