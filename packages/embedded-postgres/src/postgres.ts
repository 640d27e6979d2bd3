import { existsSync, mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { type Account, chooseAccount } from "./account.ts";
import {
  type Address,
  chooseAddress,
  type Connection,
  connectionTo,
  connectionUrl,
} from "./address.ts";
import { type Binaries, findBinaries } from "./binaries.ts";
import { type Cluster, prepareCluster } from "./cluster.ts";
import { unusableDirectory } from "./errors.ts";
import { launch } from "./launch.ts";
import { claim, clearLeftover } from "./leftover.ts";
import { type Logger, silent } from "./log.ts";
import { removeRecord } from "./record.ts";
import { type Server, startServer } from "./server.ts";

export interface PostgresOptions {
  /** Holds everything: data, password, socket. Made where it is missing. */
  readonly directory: string;
  readonly log?: Logger | undefined;
  /** Listen here again, so that an open pool finds a restarted server; absent: chosen. */
  readonly address?: Address | undefined;
}

export interface Postgres extends Server {
  readonly connection: Connection;
  /** The same as one URL, for `pg` and libpq. */
  readonly url: string;
  readonly address: Address;
  /** True when a server that a killed run left behind had to be ended first. */
  readonly recovered: boolean;
}

/**
 * Starts a PostgreSQL in a directory, and makes its data directory the first time. It needs no account and no
 * installation, runs also for root, listens on a Unix socket that only this user can open (or on loopback with a
 * password, where the path is too long for a socket), and ends with this process even if that is killed.
 *
 * @throws PostgresError
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  return (await startRestartable(options)).postgres;
}

/** A server, and how to start the next one in its place. */
export interface Restartable {
  readonly postgres: Postgres;
  /** At the same address. */
  again(): Promise<Postgres>;
}

/** As `startPostgres`. */
export async function startRestartable(options: PostgresOptions): Promise<Restartable> {
  const log = options.log ?? silent;
  const directory = openDirectory(options.directory);
  let installation: Installation | undefined;
  const start = async (): Promise<Postgres> => {
    const recovered = await clearLeftover(directory, join(directory, "data"), log);
    claim(directory);
    try {
      // Once: looking for an account runs programs while everything else in this process waits.
      installation ??= await install(directory, options.address);
      return await run(installation, recovered, log);
    } catch (error) {
      removeRecord(directory);
      throw error;
    }
  };
  return { postgres: await start(), again: start };
}

/**
 * Ends the server that a killed process left in a directory, without starting another. True when there was one.
 *
 * @throws PostgresError `DIRECTORY_IN_USE` when its owner lives.
 */
export async function endLeftoverPostgres(
  options: Pick<PostgresOptions, "directory" | "log">,
): Promise<boolean> {
  if (!existsSync(options.directory)) return false;
  const directory = realpathSync(options.directory);
  return await clearLeftover(directory, join(directory, "data"), options.log ?? silent);
}

/** What stays the same over restarts. */
interface Installation extends Cluster {
  readonly directory: string;
  readonly account: Account;
  readonly binaries: Binaries;
  readonly address: Address;
}

async function install(directory: string, wanted: Address | undefined): Promise<Installation> {
  const { account, binaries } = chooseAccount(directory, findBinaries());
  const cluster = prepareCluster(directory, binaries, account);
  const address = wanted ?? (await chooseAddress(directory));
  return { ...cluster, directory, account, binaries, address };
}

async function run(installation: Installation, recovered: boolean, log: Logger): Promise<Postgres> {
  const { account, address, data, directory, password } = installation;
  const server = await startServer(directory, data, () => launch(installation));
  log.info({ pid: server.pid, account: account.kind, address }, "Postgres is ready");
  const connection = connectionTo(address, password);
  return { ...server, address, connection, url: connectionUrl(connection), recovered };
}

function openDirectory(path: string): string {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return realpathSync(path);
  } catch (cause) {
    throw unusableDirectory(path, cause);
  }
}
