import { execFile } from "node:child_process";
import { lookup } from "node:dns/promises";
import { createServer } from "node:net";
import { promisify } from "node:util";
import { type CheckResult, failed, ok, warning } from "./check.ts";

type Env = Readonly<Record<string, string | undefined>>;

const oldestNode = 24;

export function checkNode(version: string): CheckResult {
  return Number.parseInt(version, 10) >= oldestNode
    ? ok("node", version)
    : failed(
        "node",
        `${version} is too old`,
        `install Node ${oldestNode} or newer: https://nodejs.org`,
      );
}

/** Git 2.31 is the first version with `rev-parse --path-format=absolute`. */
export async function checkGit(): Promise<CheckResult> {
  const text = await output("git", "--version");
  const [, major = "0", minor = "0"] = /(\d+)\.(\d+)/.exec(text ?? "") ?? [];
  if (text === undefined)
    return failed(
      "git",
      "not found",
      "install git: `branch deploy --branch` creates a worktree; --path works without git",
    );
  const isOld = Number(major) < 2 || (Number(major) === 2 && Number(minor) < 31);
  return isOld ? warning("git", `${text} is old`, "install git 2.31 or newer") : ok("git", text);
}

export async function checkPython(): Promise<CheckResult> {
  const text = await output("python3", "--version");
  return text === undefined
    ? warning(
        "python3",
        "not found",
        "only the examples need it: the demo omits its Python service",
      )
    : ok("python3", text);
}

/** curl and many services apply these variables to the loopback address too. */
export function checkProxies(env: Env): CheckResult {
  const set = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"].filter(
    (name) => (env[name] ?? "") !== "",
  );
  if (set.length === 0) return ok("proxies", "none set");
  const exceptions = (env["NO_PROXY"] ?? env["no_proxy"] ?? "")
    .split(",")
    .map((entry) => entry.trim().replace(/^\./, ""));
  const missing = ["localhost", "127.0.0.1"].filter(
    (name) => !exceptions.includes(name) && !exceptions.includes("*"),
  );
  if (missing.length === 0)
    return ok("proxies", `${set.join(", ")}, with exceptions for the loopback address`);
  return warning(
    "proxies",
    `${set.join(", ")} set, and NO_PROXY lacks ${missing.join(", ")}: curl and services send requests for local addresses to the proxy`,
    "export NO_PROXY=localhost,127.0.0.1,::1",
  );
}

/** Browsers and curl resolve `*.localhost` themselves; most other programs use the system's resolver. */
export async function checkLocalhostNames(): Promise<CheckResult> {
  const found = await lookup("cocktail-doctor.localhost").catch(() => undefined);
  return found === undefined
    ? warning(
        "*.localhost",
        "does not resolve on this machine; browsers and curl resolve it themselves, most other programs do not",
        "in other programs use 127.0.0.1 with a Host header; or `cocktail env curl`",
      )
    : ok("*.localhost", `resolves to ${found.address}`);
}

export async function checkPort(port: number): Promise<CheckResult> {
  const name = `port ${port}`;
  const error = await new Promise<NodeJS.ErrnoException | undefined>((settle) => {
    const server = createServer();
    server.once("error", settle);
    server.listen(port, "127.0.0.1", () => server.close(() => settle(undefined)));
  });
  if (error === undefined) return ok(name, "free");
  const what =
    error.code === "EADDRINUSE" ? "in use by another process" : `cannot be used: ${error.message}`;
  return failed(name, what, "use a free port: cocktail up --port 0");
}

async function output(program: string, ...args: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, args, { timeout: 10_000 });
    return stdout.trim();
  } catch {
    return undefined;
  }
}
