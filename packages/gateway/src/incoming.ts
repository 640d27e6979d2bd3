import type { Connection } from "./connection.ts";
import type { Core } from "./core.ts";
import type { StartLine } from "./framing.ts";
import type { Head } from "./head.ts";
import type { Problem } from "./problem.ts";
import type { Reply } from "./reply.ts";

/** A request whose head has arrived, made once by the intake of its protocol. `target` is unmodified. */
export interface Incoming extends StartLine {
  readonly core: Core;
  readonly connection: Connection;
  readonly head: Head;
  readonly reply: Reply;
  /** `performance.now()` when the head arrived. */
  readonly startedAt: number;
  /** True for a request to upgrade its connection. */
  readonly upgrades: boolean;
  /** An error that its intake found. */
  readonly fault: Problem | undefined;
}
