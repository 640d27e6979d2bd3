import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A directory that is removed at the end of the block. */
export function temporary(
  files: Readonly<Record<string, string>> = {},
): Disposable & { readonly path: string } {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "cocktail-local-")));
  write(path, files);
  return {
    path,
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }),
  };
}

export function write(root: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

/** Runs git as a named user. Returns its output. */
export function git(directory: string, ...args: readonly string[]): string {
  const who = [
    "-c",
    "user.name=Test",
    "-c",
    "user.email=test@example.com",
    "-c",
    "init.defaultBranch=main",
  ];
  return execFileSync("git", [...who, ...args], {
    cwd: directory,
    encoding: "utf8",
    stdio: "pipe",
  }).trim();
}
