import { cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const packageDirectory = join(import.meta.dirname, "..");
const rootModules = join(packageDirectory, "../../node_modules");

export interface PackageCopy extends Disposable {
  readonly directory: string;
}

/** A second copy of this package's sources and tests, which finds the same dependencies. */
export function copyPackage(): PackageCopy {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "cocktail-context-")));
  for (const folder of ["src", "test"]) {
    cpSync(join(packageDirectory, folder), join(directory, folder), { recursive: true });
  }
  cpSync(join(packageDirectory, "package.json"), join(directory, "package.json"));
  symlinkSync(rootModules, join(directory, "node_modules"));
  return {
    directory,
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}
