import { execFile, type ExecFileException } from "node:child_process";
import { delimiter, dirname } from "node:path";
import { root } from "../../scripts/run-step.ts";

const node = dirname(process.execPath);

/** What npm and the test runner tell their children about the clone; certificates, proxies and registries stay. */
const ofTheClone =
  /^(npm_(?!config_)|npm_config_(local_|global_)?prefix$|INIT_CWD$|NODE_(OPTIONS|PATH|TEST_CONTEXT)$)/;

/** Runs a command far from the clone: with the tests' Node and without the clone's node_modules/.bin. */
export function run(
  cwd: string,
  file: string,
  args: readonly string[],
  path: readonly string[] = [],
): Promise<string> {
  const others = (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((dir) => !dir.startsWith(root));
  const own = Object.entries(process.env).filter(([name]) => !ofTheClone.test(name));
  const env = { ...Object.fromEntries(own), PATH: [...path, node, ...others].join(delimiter) };
  return new Promise((resolve, reject) => {
    const done = (error: ExecFileException | null, stdout: string, stderr: string): void => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${file} ${args.join(" ")}: ${error.message}\n${stdout}\n${stderr}`));
    };
    execFile(file, args, { cwd, env, maxBuffer: 16 << 20, timeout: 300_000 }, done);
  });
}
