import { cpSync, existsSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const packageDirectory = join(import.meta.dirname, "..");
/** Of the repository; a copy has a link to them beside it. */
const modules = [
  join(packageDirectory, "node_modules"),
  join(packageDirectory, "../../node_modules"),
].find((directory) => existsSync(join(directory, "@cocktail/route")));

export interface PackageCopy extends Disposable {
  readonly directory: string;
}

/** A second copy of this package's sources and tests, which finds the same dependencies. */
export function copyPackage(): PackageCopy {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "cocktail-gateway-")));
  for (const folder of ["src", "test"]) {
    cpSync(join(packageDirectory, folder), join(directory, folder), { recursive: true });
  }
  cpSync(join(packageDirectory, "package.json"), join(directory, "package.json"));
  if (modules === undefined)
    throw new Error(`no node_modules with @cocktail/route near ${packageDirectory}`);
  symlinkSync(realpathSync(modules), join(directory, "node_modules"));
  return {
    directory,
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}
