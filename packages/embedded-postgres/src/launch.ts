import { type ChildProcess, spawn } from "node:child_process";
import type { Account } from "./account.ts";
import type { Address } from "./address.ts";
import type { Binaries } from "./binaries.ts";
import { childEnvironment } from "./child-environment.ts";

export interface LaunchOptions {
  readonly directory: string;
  readonly data: string;
  readonly binaries: Binaries;
  readonly account: Account;
  readonly address: Address;
}

/**
 * Postgres ends with its parent, however that ends: a watcher holds the other end of a pipe and sends the signal for a fast
 * shutdown when the pipe breaks. The watcher is reparented, because the postmaster reports children that it does not know; a
 * line through the pipe ends it. `$$` is the pid that Postgres has after exec.
 */
const script = `( ( read -r line <&3 || kill -INT $$ ) >/dev/null 2>&1 & )
exec "$@" 3<&-`;

/** Starts the server in a session of its own: a Ctrl-C at the terminal must not stop it before those who use it. */
export function launch(options: LaunchOptions): ChildProcess {
  const { account, address, binaries, data, directory } = options;
  const settings = {
    listen_addresses: address.kind === "tcp" ? address.host : "",
    unix_socket_directories: address.kind === "socket" ? listItem(address.directory) : "",
    port: String(address.port),
    unix_socket_permissions: "0700",
    max_connections: "60",
    shared_buffers: "64MB",
    log_checkpoints: "off",
    log_timezone: "UTC",
    timezone: "UTC",
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  return spawn(
    "sh",
    ["-c", script, "sh", ...account.prefix, binaries.postgres, "-D", data, ...flags],
    {
      ...account.spawn,
      cwd: directory,
      detached: true,
      env: childEnvironment(),
      stdio: ["ignore", "ignore", "pipe", "pipe"],
    },
  );
}

/** One item of a list among the settings: a comma, a quote or a space at an end would be read as more than a character. */
function listItem(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
