/** A service of the cocktail and its stable. */
export interface Service {
  readonly name: string;
  readonly entry: boolean;
  readonly protocol: "auto" | "http1" | "h2c";
  /** Absolute directory, where the service has one. */
  readonly path?: string | undefined;
  /** Reachable from outside, if an entry. */
  readonly url?: string | undefined;
  /** Keys of its variants. */
  readonly variants: readonly string[];
  /** True when stable is a promoted release candidate rather than what cocktail.yaml says. */
  readonly promoted: boolean;
}

/** Which services the file adds, changes and removes; what to know of it, one line each. */
export interface FileChange {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  readonly notes: readonly string[];
}

/** That the edge listens beyond the loopback addresses. */
export interface Exposure {
  /** `192.168.1.5`, or `0.0.0.0` or `::` for all of the machine. */
  readonly address: string;
  /** Base URLs at which other machines reach the edge. */
  readonly urls: readonly string[];
}

/** `GET /v1/status`. */
export interface Status {
  readonly name: string;
  readonly version: string;
  readonly domain: string;
  /** Base URL of the edge on this machine. */
  readonly edge: string;
  /** Absent where only this machine reaches the edge. */
  readonly exposure?: Exposure | undefined;
  readonly epoch: number;
  readonly tag: string;
  /** False while changes are refused, for example because the store is away. */
  readonly writable: boolean;
  /** The file that it was started with says something else now. */
  readonly outdated: boolean;
  readonly startedAt: string;
  /** What this start found and ended or restored, one line each. */
  readonly recovered: readonly string[];
  readonly services: readonly Service[];
}
