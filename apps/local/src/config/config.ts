/** `cocktail.yaml`, compiled: absolute paths, defaults filled in. */
export interface Config {
  /** Absolute path of the file. */
  readonly file: string;
  readonly name: string;
  /** Virtual hosts are `<service>.<domain>`. */
  readonly domain: string;
  /** Projects whose tickets make keys of branch names; empty: any. */
  readonly ticketProjects: readonly string[];
  /** In the order of the file. */
  readonly services: readonly ServiceConfig[];
}

export interface ServiceConfig {
  readonly name: string;
  /** Absolute working directory. */
  readonly path: string;
  /** The branch, tag or commit at which stable runs, in a checkout of its own; absent: in the working directory. */
  readonly ref: string | undefined;
  /** Run once per directory and whenever its lockfile changes. */
  readonly prepare: readonly string[] | undefined;
  /** How stable starts; absent exactly where `url` is given. */
  readonly command: readonly string[] | undefined;
  /** The address of an external process. */
  readonly url: string | undefined;
  readonly protocol: "auto" | "http1" | "h2c";
  /** Path that answers 2xx or 3xx when the service is ready; absent: it listens. */
  readonly health: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  /** Files of variables, relative to the directory that it runs in. */
  readonly envFiles: readonly string[];
  /** Files that git ignores, relative to the working directory: copied from there into each checkout. */
  readonly copyFiles: readonly string[];
  readonly entry: boolean;
  /** Hash of everything above: a promotion stands until it changes. */
  readonly entryHash: string;
}

/** One fault of the file, and where. */
export interface Fault {
  /** Counted from 1. */
  readonly line: number;
  readonly column: number;
  /** `services[1].command`; empty for the document. */
  readonly path: string;
  readonly message: string;
  readonly fix: string;
}

/** `cocktail.yaml:12:5: services[1].comand: unknown key. Fix: ...`, one line a fault. */
export function formatFaults(file: string, faults: readonly Fault[]): string {
  return faults
    .map(({ line, column, path, message, fix }) => {
      const where = path === "" ? "" : ` ${path}:`;
      return `${file}:${line}:${column}:${where} ${message}. Fix: ${fix}`;
    })
    .join("\n");
}
