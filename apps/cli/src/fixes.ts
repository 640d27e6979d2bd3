import type { Problem } from "@cocktail/client";

type Params = Readonly<Record<string, string>>;
type Get = (param: string) => string;

/** The fix of a problem, with commands if known; otherwise the fix of the control plane. */
export function problemFix({ reason = "", params = {}, fix }: Problem): string {
  return fixOf(problemFixes, reason, params) ?? fix;
}

/** The fix for the reason of a condition. */
export function explanationFix(explanation: {
  readonly reason: string;
  readonly params: Params;
  readonly fix: string;
}): string {
  const { reason, params, fix } = explanation;
  if (fix === "") return "";
  const variant = params["variant"] ?? "";
  const named = { ...params, variant: variant === "" ? "SERVICE:KEY" : variant };
  return (
    fixOf(conditionFixes, reason, named) ?? `see its log: cocktail branch logs ${named.variant}`
  );
}

function fixOf(
  table: Readonly<Record<string, (get: Get) => string | undefined>>,
  reason: string,
  params: Params,
): string | undefined {
  if (!Object.hasOwn(table, reason)) return undefined;
  return table[reason]?.((name) => (Object.hasOwn(params, name) ? (params[name] ?? "") : ""));
}

const lists: Readonly<Record<string, string>> = {
  variant: "cocktail branch list",
  service: "cocktail status",
  environment: "cocktail env list",
};

const problemFixes: Readonly<Record<string, (get: Get) => string | undefined>> = {
  NotFound: (get) => {
    const list = lists[get("kind")];
    return list === undefined ? undefined : `list them with: ${list}`;
  },
  InvalidRequest: (get) => (get("url") === "" ? "give --branch NAME, or --key KEY" : undefined),
  KeyConflict: () => "choose another key with --key, or replace the other branch with --replace",
  Terminating: () => "try again in a moment; see: cocktail status",
  CommandMissing: () => "give the command after --, for example: -- node server.js",
  SourceMissing: (get) =>
    get("isKnown") === "true"
      ? "give its directory with --path DIR, or attach --url URL"
      : "list the services with cocktail status; deploy a new one with --path DIR -- COMMAND, or --url URL",
  PathMissing: () => "give an existing directory with --path",
  NoRepository: () => "use --path with a directory that holds the branch's code",
  UncommittedWork: (get) => {
    if (get("verb") === "promote") return undefined;
    if (get("verb") !== "deploy") return "commit it, or discard it with --discard";
    return `commit it, or discard it: cocktail branch delete ${get("variant")} --discard`;
  },
  NothingToPromote: (get) =>
    get("candidate") === "notServing"
      ? `wait until it is ready: cocktail branch get ${get("variant")}`
      : `deploy one: cocktail rc deploy ${get("service")} --branch NAME`,
  NothingToRollBack: () =>
    "change the service's entry in cocktail.yaml, or promote another candidate",
  VariantNotFound: () => "list them with: cocktail status",
  EnvironmentNotFound: () => "list them with: cocktail env list",
  EnvironmentExists: (get) =>
    `change it: cocktail env apply; or delete it first: cocktail env delete ${get("environment")}`,
};

const follow = (): string => "wait; see its progress: cocktail status";
const waitFor = (get: Get): string => `wait; its log: cocktail branch logs ${get("variant")}`;
const readLog = (get: Get): string =>
  `see its log: cocktail branch logs ${get("variant")}; fix the cause, then: ${again(get("variant"))}`;

/** What is fixed in a branch's repository reaches it with the next deploy only. */
const again = (variant: string): string =>
  variant.endsWith(":stable")
    ? `cocktail restart ${variant}`
    : `deploy it again, or as it is: cocktail restart ${variant}`;

export const conditionFixes: Readonly<Record<string, (get: Get) => string>> = {
  Deploying: follow,
  Preparing: waitFor,
  Starting: waitFor,
  Publishing: follow,
  AwaitingReaders: follow,
  Probing: follow,
  NotReady: (get) =>
    `see its log: cocktail branch logs ${get("variant")}; one that exited is started again by itself; at once: cocktail restart ${get("variant")}`,
  CrashLoop: readLog,
  WorkloadFailed: readLog,
  PrepareFailed: readLog,
  StartDeadline: readLog,
  WorkloadLost: follow,
  WorkingCopyMoved: (get) =>
    `switch back, or run what is there: cocktail restart ${get("variant")}; ref: in cocktail.yaml keeps stable at one commit`,
  PathMissing: (get) => `deploy ${get("variant")} from a directory that exists, with --path DIR`,
  ProbeFailed: (get) => `see its destination: cocktail branch get ${get("variant")}`,
  Withdrawn: readLog,
  Terminating: follow,
  MemberMissing: (get) => `deploy ${get("variant")}, or remove it from the environment`,
};
