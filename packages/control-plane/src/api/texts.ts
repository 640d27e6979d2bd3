import type { ProblemCode } from "@cocktail/client";
import type { Reason, Refusal } from "@cocktail/environment";

/** The text of a refusal. It names no commands: each client adds its own. */
export interface Text {
  readonly code: ProblemCode;
  /** What happened to which object, and why, in one sentence. */
  readonly detail: string;
  readonly fix: string;
}

export function refusalText({ reason, params }: Refusal): Text {
  const get: Get = (name) => (Object.hasOwn(params, name) ? (params[name] ?? "") : "");
  return texts[reason]?.(get) ?? { code: "REFUSED", detail: reason, fix: "see the reason" };
}

/** The fix for a condition's reason, for the variant that has the condition. */
export function conditionFix(reason: string, variant: string): string {
  const name = variant === "" ? "the variant" : variant;
  return conditionFixes[reason]?.(name) ?? `read the output of ${name}`;
}

type Get = (param: string) => string;
type Say = (get: Get) => Text;

const invalid = (detail: string, fix: string): Text => ({ code: "INVALID", detail, fix });
const conflict = (detail: string, fix: string): Text => ({ code: "CONFLICT", detail, fix });
const denied = (detail: string, fix: string): Text => ({ code: "REFUSED", detail, fix });
const otherName = "choose another name";

const names: Readonly<Record<string, (name: string) => Text>> = {
  service: (name) =>
    invalid(`"${name}" is not a service name`, "use lower-case letters, digits, - and ."),
  key: (name) => invalid(`"${name}" is not a valid key`, keyFix),
  environment: (name) => invalid(`"${name}" is not a valid environment name`, keyFix),
  member: (name) => invalid(`"${name}" is not a variant`, "write members as service:key"),
};
const keyFix = "use at most 40 lower-case letters, digits and -, not beginning or ending with -";

const taken: Readonly<Record<string, (name: string) => Text>> = {
  service: (name) =>
    conflict(
      `${name} is the name of a service, so it can't name a key or an environment`,
      otherName,
    ),
  environment: (name) =>
    conflict(`${name} is the name of an environment, so it can't name a service`, otherName),
  itself: (name) =>
    conflict(`${name} can't be both a service and an environment`, "choose another key"),
};

const texts: Readonly<Partial<Record<Reason, Say>>> = {
  InvalidName: (get) => (names[get("what")] ?? names["key"])?.(get("name")) ?? invalid("", ""),
  InvalidRequest: (get) =>
    get("url") === ""
      ? invalid(
          `the deploy of ${get("service")} has neither a key nor a branch`,
          "specify a branch or a key",
        )
      : invalid(
          `${get("url")} is not an http URL without a path`,
          "specify a URL such as http://127.0.0.1:3000",
        ),
  InvalidLifetime: (get) =>
    invalid(
      `${get("seconds")} is not a valid lifetime in seconds`,
      `specify a whole number from 1 to ${get("max")}`,
    ),
  ReservedKey: (get) =>
    get("verb") === "destroy"
      ? denied(
          `${get("variant")} can't be destroyed: it is managed by cocktail.yaml`,
          "remove the service from the file",
        )
      : denied(
          `${get("variant")} can't be deployed: it is managed by cocktail.yaml or a promotion`,
          `deploy ${get("service")}:rc and promote it, or change the file`,
        ),
  KeyConflict: (get) =>
    conflict(
      `${get("variant")} belongs to branch ${get("owner")}${get("branch") === "" ? "" : `, not to ${get("branch")}`}`,
      "choose another key, or deploy with replace",
    ),
  NameTaken: (get) => (taken[get("taken")] ?? taken["itself"])?.(get("name")) ?? conflict("", ""),
  Terminating: (get) =>
    conflict(`${get("name")} is still being deleted`, "try again when it is gone"),
  CommandMissing: (get) =>
    invalid(
      `the command of ${get("variant")} is unknown: ${get("service")} has no default command`,
      "specify a command",
    ),
  SourceMissing: (get) =>
    invalid(
      `the location of the code of ${get("variant")} is unknown: ${
        get("isKnown") === "true"
          ? `${get("service")} has no path`
          : `service ${get("service")} does not exist`
      }`,
      "specify a directory or a URL",
    ),
  SourceUnsupported: (get) =>
    invalid(
      `${get("variant")} can't run from ${get("source")} on this platform`,
      "specify a branch, a directory or a URL",
    ),
  PathMissing: (get) =>
    invalid(`${get("path")} ${get("why")}`, "specify the absolute path of an existing directory"),
  NoRepository: (get) => ({
    code: "NO_REPOSITORY",
    detail: `${get("path")} is not in a git repository (${get("why")})`,
    fix: "specify a directory with the code of the branch",
  }),
  BranchNotFound: (get) =>
    invalid(
      `branch ${get("branch")} of ${get("path")}: ${get("why")}`,
      "check the name with git branch, or fetch it with git fetch",
    ),
  UncommittedWork: (get) => ({ code: "UNCOMMITTED_WORK", ...workText(get) }),
  NothingToPromote: (get) =>
    get("candidate") === "notServing"
      ? conflict(
          `the latest deploy of ${get("variant")} is not ready yet`,
          "wait until it is ready",
        )
      : {
          code: "NOT_FOUND",
          detail: `${get("service")} has no release candidate`,
          fix: `deploy ${get("service")}:rc`,
        },
  NothingToRollBack: (get) =>
    conflict(
      `stable of ${get("service")} is not a promotion that can be undone`,
      "change the service's entry in the file, or promote another candidate",
    ),
  VariantNotFound: (get) => ({
    code: "NOT_FOUND",
    detail: `variant ${get("variant")} does not exist`,
    fix: "list them, or deploy it",
  }),
  EnvironmentNotFound: (get) => ({
    code: "NOT_FOUND",
    detail: `environment ${get("environment")} does not exist`,
    fix: "list the environments",
  }),
  EnvironmentExists: (get) =>
    conflict(`environment ${get("environment")} already exists`, "replace it, or delete it first"),
  EnvironmentBuiltIn: (get) =>
    denied(
      `environment ${get("environment")} is built in: it can't be created, changed or deleted`,
      otherName,
    ),
  EnvironmentIsParent: (get) =>
    conflict(
      `environment ${get("environment")} cannot be deleted: it is the parent of ${get("children")}`,
      "delete these first, or change their parent",
    ),
  ParentNotFound: (get) =>
    invalid(
      `the parent of environment ${get("environment")} does not exist: ${get("parent")}`,
      "create the parent first, or omit it for stable",
    ),
  ParentCycle: (get) =>
    invalid(
      `environment ${get("environment")} can't have the parent ${get("parent")}, because it is an ancestor of it`,
      "choose another parent",
    ),
  ParentTooDeep: (get) =>
    invalid(
      `environment ${get("environment")} would have more than ${get("max")} parents`,
      "choose a parent that is closer to stable",
    ),
};

function workText(get: Get): Omit<Text, "code"> {
  if (get("verb") === "promote") {
    return {
      detail: `${get("variant")} can't be promoted: it runs uncommitted work, so its revision can't be reproduced`,
      fix: "commit it, deploy the candidate again, then promote it",
    };
  }
  if (get("verb") === "deploy") {
    return {
      detail: `the checkout of ${get("variant")} has uncommitted work${places(get)}`,
      fix: "commit it, or destroy the variant with discard",
    };
  }
  return {
    detail: `uncommitted work of ${get("variants")} would be lost${places(get)}`,
    fix: "commit it, or discard it",
  };
}

function places(get: Get): string {
  const directories = get("directories");
  return directories === "" ? "" : `: see ${directories}`;
}

const wait = (): string => "wait";
const readLog = (variant: string): string =>
  `read the output of ${variant}, fix the cause, then deploy it again`;

const conditionFixes: Readonly<Record<string, (variant: string) => string>> = {
  Deploying: wait,
  Preparing: (variant) => `wait; the output of ${variant} shows the progress`,
  Starting: (variant) => `wait; the output of ${variant} shows the progress`,
  Publishing: wait,
  AwaitingReaders: wait,
  Probing: wait,
  NotReady: (variant) =>
    `read the output of ${variant}; one that exited is started again by itself`,
  CrashLoop: readLog,
  WorkloadFailed: readLog,
  PrepareFailed: readLog,
  StartDeadline: readLog,
  WorkloadLost: wait,
  WorkingCopyMoved: (variant) =>
    `switch back, or restart ${variant} to run what is there; a ref in the file keeps it at one commit`,
  PathMissing: (variant) => `deploy ${variant} from a directory that exists`,
  ProbeFailed: (variant) => `check which variant answers requests for ${variant}`,
  Withdrawn: readLog,
  Terminating: wait,
  MemberMissing: (variant) => `deploy ${variant}, or remove it from the environment`,
};
