import type { OnUnavailable } from "@cocktail/route";
import type { Source } from "./source.ts";

/** A service of the cocktail as its file (locally `cocktail.yaml`) wants it. Times everywhere are epoch milliseconds. */
export interface DesiredService {
  readonly name: string;
  /** Place in the file, from 0: the first entry service answers the bare domain. */
  readonly position: number;
  readonly entry: boolean;
  readonly protocol: "auto" | "http1" | "h2c";
  /** Absolute directory, where it has one. */
  readonly path?: string | undefined;
  /** `service`, or `url` for a process somebody else runs. */
  readonly source: Source;
  readonly command?: readonly string[] | undefined;
  readonly env: Readonly<Record<string, string>>;
  /** Hash of the whole entry of the file. A promotion stands above the file until this changes. */
  readonly entryHash: string;
}

/** Why stable is not what the file says. */
export interface Promotion {
  /** `entryHash` of the service when it was promoted. */
  readonly entryHash: string;
  /** Generation of the release candidate that became stable: exactly that candidate ends with the swap. */
  readonly rcGeneration: number;
  readonly revision: string;
  readonly at: number;
}

/** What somebody wants one `service:key` to be. */
export interface DesiredVariant {
  readonly service: string;
  readonly key: string;
  /** Rises with every deploy and never restarts for a key; each generation gets an incarnation of its own. */
  readonly generation: number;
  readonly source: Source;
  /** Instead of the service's own command. */
  readonly command?: readonly string[] | undefined;
  readonly env: Readonly<Record<string, string>>;
  /** Raw branch name: another one on the same live key is a conflict. */
  readonly branch?: string | undefined;
  readonly onUnavailable: OnUnavailable;
  readonly endpoints?: readonly string[] | undefined;
  /** Only of stable. */
  readonly promotion?: Promotion | undefined;
  readonly createdAt: number;
  readonly expiresAt?: number | undefined;
  /** It is being destroyed; the record goes when the last incarnation is gone. */
  readonly deleted: boolean;
  /** With `deleted`: uncommitted work in its checkout may be lost. */
  readonly discard: boolean;
}

/** An explicit environment. The implicit layers of keys, `stable` and `rc` are never records. */
export interface DesiredEnvironment {
  readonly name: string;
  readonly parent: string;
  /** service -> key. */
  readonly members: Readonly<Record<string, string>>;
  readonly generation: number;
  readonly createdAt: number;
  readonly expiresAt?: number | undefined;
}
