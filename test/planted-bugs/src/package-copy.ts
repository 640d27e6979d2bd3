import { cpSync, existsSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Of the repository; a copy has a link to them beside it. */
const modules = join(import.meta.dirname, "../../../node_modules");

export interface PackageCopy extends Disposable {
  readonly directory: string;
}

/** A second copy of a package's sources and tests, which finds the same dependencies. */
export function copyPackage(packageDirectory: string): PackageCopy {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "cocktail-copy-")));
  for (const part of ["src", "test", "package.json"]) {
    const original = join(packageDirectory, part);
    if (existsSync(original)) cpSync(original, join(directory, part), { recursive: true });
  }
  symlinkSync(realpathSync(modules), join(directory, "node_modules"));
  return {
    directory,
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}
