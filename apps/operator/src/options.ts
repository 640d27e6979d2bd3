import { Command, CommanderError, InvalidArgumentError, Option } from "commander";

/** What the process is told by its command line. */
export interface OperatorSettings {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  /** All, if there are none. */
  readonly namespaces: readonly string[];
  readonly leaseNamespace: string | undefined;
  readonly naming: "unique" | "compatibility";
  /** False: loose patterns stay as they are. */
  readonly tighten: boolean;
  readonly batchMs: number;
  /** The namespace whose services have variants; undefined: VirtualServiceMerges alone. */
  readonly variants: string | undefined;
  readonly xds: string;
  readonly marginMs: number;
  readonly leaseSeconds: number;
  readonly clusterDomain: string;
  readonly health: { readonly host: string; readonly port: number };
  readonly logFormat: "pretty" | "json";
  readonly logLevel: string;
}

export type SettingsAnswer =
  | { readonly ok: true; readonly settings: OperatorSettings }
  /** Printed by the caller, with this exit code. */
  | { readonly ok: false; readonly text: string; readonly exitCode: number };

function command(): Command {
  return new Command("cocktail-operator")
    .description(
      "Merges the routes of VirtualServiceMerge objects into VirtualServices of Istio, and routes variants.",
    )
    .option("--kubeconfig <file>", "default: KUBECONFIG, ~/.kube/config, or the pod's account")
    .option("--context <name>", "of the kubeconfig")
    .option("--namespaces <names...>", "watch these alone; default: all")
    .option(
      "--lease-namespace <name>",
      "where the replicas elect their leader; default: the namespace of the pod, or of the context",
    )
    .addOption(
      new Option(
        "--naming <kind>",
        "of merged routes; compatibility: as the old operator named them",
      )
        .choices(["unique", "compatibility"])
        .default("unique"),
    )
    .option(
      "--lease-seconds <n>",
      "after so long another replica takes over from one that is gone",
      number(3, 3_600),
      15,
    )
    .option("--keep-patterns", "leave patterns alone that match more than their variant")
    .option("--batch-ms <n>", "least time between two writes of a target", number(0, 60_000), 1_000)
    .option("--cluster-domain <name>", "of Services", "cluster.local")
    .addOption(
      new Option("--health <address>", "of /healthz, /readyz and /metrics")
        .default({ host: "127.0.0.1", port: 8_081 }, "127.0.0.1:8081")
        .argParser(address),
    )
    .addOption(
      new Option("--log-format <format>", "default: pretty on a terminal").choices([
        "pretty",
        "json",
      ]),
    )
    .addOption(
      new Option("--log-level <level>", "least level that is logged")
        .choices(["debug", "info", "warn", "error"])
        .default("info"),
    );
}

function withVariants(parser: Command): Command {
  return parser
    .option(
      "--variants <namespace>",
      "reconcile the ServiceVariants and Environments of this namespace, too",
    )
    .option(
      "--xds <address>",
      "of istiod, where it tells in the clear what it pushes to sidecars; for --variants",
      "istiod.istio-system.svc:15010",
    )
    .option(
      "--margin-ms <n>",
      "how much later than the operator the last sidecar may have what is pushed",
      number(0, 600_000),
      1_000,
    );
}

/** Reads the arguments after the program's name. Never prints and never exits. */
export function readSettings(argv: readonly string[], isTerminal: boolean): SettingsAnswer {
  let printed = "";
  const print = (text: string): void => {
    printed += text;
  };
  const parser = withVariants(command())
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: print })
    .showHelpAfterError("See --help.");
  try {
    parser.parse(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { ok: false, text: printed, exitCode: error.exitCode === 0 ? 0 : 2 };
  }
  const given = parser.opts<
    Omit<OperatorSettings, "tighten" | "logFormat" | "namespaces"> & {
      readonly namespaces?: readonly string[];
      readonly keepPatterns?: boolean;
      readonly logFormat?: "pretty" | "json";
    }
  >();
  const {
    keepPatterns = false,
    logFormat = isTerminal ? "pretty" : "json",
    namespaces = [],
    ...rest
  } = given;
  return { ok: true, settings: { ...rest, logFormat, namespaces, tighten: !keepPatterns } };
}

function number(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,9}$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`A whole number from ${least} to ${most} is expected.`);
  };
}

function address(text: string): OperatorSettings["health"] {
  const [, host = "", port = ""] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
  if (port !== "" && Number(port) <= 65_535) return { host: host || "0.0.0.0", port: Number(port) };
  throw new InvalidArgumentError("HOST:PORT or :PORT is expected.");
}
