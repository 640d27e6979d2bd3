// `node scripts/test-on-node.ts NODE`: the suites of route and context, which also run in services on an older Node, by that
// program. The sources are written once more without the syntax that it doesn't know, such as `using` in tests.
import { spawnSync } from "node:child_process";
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { transformSync } from "esbuild";
import { root } from "./run-step.ts";

/** What the suites import of this repository, by name. */
const workspaces = {
  "@cocktail/route": "packages/route",
  "@cocktail/context": "packages/context",
  "@cocktail/embedded-postgres": "packages/embedded-postgres",
  "@cocktail/local-state": "packages/local-state",
  "@cocktail/planted-bugs": "test/planted-bugs",
  "@cocktail/test-support": "test/support",
};

const [program = process.execPath] = process.argv.slice(2);
const copy = mkdtempSync(join(tmpdir(), "cocktail-old-node-"));
try {
  writeFileSync(join(copy, "package.json"), readFileSync(join(root, "package.json")));
  linkPackages();
  for (const workspace of Object.values(workspaces)) copyWorkspace(workspace);
  const tests = globSync("packages/{route,context}/src/**/*.test.ts", { cwd: copy }).toSorted();
  const flags = [
    "--experimental-strip-types",
    "--conditions=@cocktail/source",
    "--no-warnings",
    "--test",
    "--test-reporter=tap",
  ];
  const { status, stdout } = spawnSync(program, [...flags, ...tests], {
    cwd: copy,
    encoding: "utf8",
    maxBuffer: 256 << 20,
    stdio: ["ignore", "pipe", "inherit"],
  });
  report(stdout, status);
} finally {
  rmSync(copy, { recursive: true, force: true });
}

/** Every package that is installed here; those of this repository are the copies. */
function linkPackages(): void {
  mkdirSync(join(copy, "node_modules/@cocktail"), { recursive: true });
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (name === "@cocktail" || name.startsWith(".")) continue;
    symlinkSync(join(root, "node_modules", name), join(copy, "node_modules", name));
  }
  for (const [name, workspace] of Object.entries(workspaces))
    symlinkSync(join(copy, workspace), join(copy, "node_modules", name));
}

function copyWorkspace(workspace: string): void {
  cpSync(join(root, workspace), join(copy, workspace), {
    recursive: true,
    filter: (path) => !path.endsWith("/dist"),
  });
  for (const file of globSync(`${workspace}/{src,test}/**/*.ts`, { cwd: copy })) {
    const path = join(copy, file);
    const { code } = transformSync(readFileSync(path, "utf8"), {
      loader: "ts",
      target: "node22",
      sourcefile: path,
      tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    });
    writeFileSync(path, code);
  }
}

function report(tap: string, status: number | null): void {
  for (const line of tap.split("\n")) if (/^\s*not ok /.test(line)) console.log(line.trim());
  const count = (what: string): number =>
    Number(new RegExp(`^# ${what} (\\d+)$`, "m").exec(tap)?.[1] ?? 0);
  const failed = count("fail") + count("cancelled");
  console.log(`${count("pass")} passed, ${failed} failed, ${count("skipped")} skipped`);
  if (status !== 0 || count("pass") === 0) process.exitCode = 1;
}
