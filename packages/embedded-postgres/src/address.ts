import { createServer } from "node:net";
import { join } from "node:path";

/** Where the server listens: a Unix socket in a directory of its own, or a loopback port. */
export type Address =
  | { readonly kind: "socket"; readonly directory: string; readonly port: number }
  | { readonly kind: "tcp"; readonly host: "127.0.0.1"; readonly port: number };

const socketPort = 5432;

/** What Postgres writes beside its socket. */
export function socketLock(directory: string): string {
  return join(directory, "socket", `.s.PGSQL.${socketPort}.lock`);
}

/** sun_path holds 108 bytes on Linux and 104 on macOS, the closing NUL counted; Postgres dies of a longer path. */
export function fitsSocket(
  directory: string,
  platform: NodeJS.Platform = process.platform,
): boolean {
  const path = join(directory, `.s.PGSQL.${socketPort}`);
  return Buffer.byteLength(path) < (platform === "linux" ? 108 : 104);
}

/** A Unix domain socket where the path is short enough: other users can't connect, and no port can be taken by another process. */
export async function chooseAddress(directory: string): Promise<Address> {
  const sockets = join(directory, "socket");
  if (fitsSocket(sockets)) return { kind: "socket", directory: sockets, port: socketPort };
  return { kind: "tcp", host: "127.0.0.1", port: await freePort() };
}

/** How to reach the server, in the form `pg` takes. */
export interface Connection {
  /** A directory that holds the socket, or an address. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export const superuser = "cocktail";

export function connectionTo(address: Address, password: string): Connection {
  const host = address.kind === "socket" ? address.directory : address.host;
  return { host, port: address.port, user: superuser, password, database: "postgres" };
}

/** The same as one libpq URL. */
export function connectionUrl(connection: Connection): string {
  const { host, port, user, password, database } = connection;
  const login = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
  if (!host.startsWith("/")) return `postgresql://${login}@${host}:${port}/${database}`;
  return `postgresql://${login}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
