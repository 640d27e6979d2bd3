import type { RouteTable } from "@cocktail/route";
import type { AccessLogMode } from "./access-log.ts";
import type { HeadFlusher } from "./http1-reply.ts";
import type { IdleWatch } from "./idle-watch.ts";
import type { Limits } from "./limits.ts";
import type { Locator } from "./locate.ts";
import type { Logger } from "./logger.ts";
import type { LostRoutes } from "./lost-routes.ts";
import type { Refusals } from "./metrics.ts";
import type { GatewaySettings } from "./settings.ts";
import type { Upstreams } from "./upstreams.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** What all connections of one gateway share. */
export interface Core {
  /** The current table; read once when a request's head arrives. */
  readonly table: () => RouteTable;
  readonly settings: () => GatewaySettings;
  readonly limits: Limits;
  readonly vocabulary: Vocabulary;
  readonly locator: Locator;
  readonly upstreams: Upstreams;
  readonly lostRoutes: LostRoutes;
  readonly flusher: HeadFlusher;
  /** Uploads that wait for the next byte of their client. */
  readonly uploadWatch: IdleWatch;
  /** Responses that wait for their client to read. */
  readonly responseWatch: IdleWatch;
  readonly refusals: Refusals;
  readonly log: Logger;
  readonly accessLog: AccessLogMode;
  /** Open upgraded connections, and pending upgrade requests. */
  upgrades: number;
  /** Open client connections. */
  connections: number;
}
