import type { ProblemCode } from "@cocktail/client";
import type { Reason, Refusal } from "@cocktail/environment";

/** What the API says of a refusal. It names no command: the clients of an API know their own. */
export interface Text {
  readonly code: ProblemCode;
  /** What, where and why, in one sentence. */
  readonly detail: string;
  readonly fix: string;
}

export function refusalText({ reason, params }: Refusal): Text {
  const get: Get = (name) => (Object.hasOwn(params, name) ? (params[name] ?? "") : "");
  return texts[reason]?.(get) ?? { code: "REFUSED", detail: reason, fix: "see the reason" };
}

/** What to do about the reason of a condition, for the variant that gives it. */
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
          `a deploy of ${get("service")} names neither a key nor a branch`,
          "give a branch or a key",
        )
      : invalid(
          `${get("url")} is not an http URL without a path`,
          "give a URL such as http://127.0.0.1:3000",
        ),
  InvalidLifetime: (get) =>
    invalid(
      `${get("seconds")} is not a lifetime in seconds`,
      `give a whole number from 1 to ${get("max")}`,
    ),
  ReservedKey: (get) =>
    get("verb") === "destroy"
      ? denied(
          `${get("variant")} can't be destroyed: it is managed by cocktail.yaml`,
          "take the service out of the file",
        )
      : denied(
          `${get("variant")} is managed by cocktail.yaml, or by a promotion`,
          `deploy ${get("service")}:rc and promote it, or change the file`,
        ),
  KeyConflict: (get) =>
    conflict(
      `${get("variant")} belongs to branch ${get("owner")}, not to ${get("branch")}`,
      "choose another key, or replace the branch of this one",
    ),
  NameTaken: (get) => (taken[get("taken")] ?? taken["itself"])?.(get("name")) ?? conflict("", ""),
  Terminating: (get) =>
    conflict(`${get("name")} is still being deleted`, "try again when it is gone"),
  CommandMissing: (get) =>
    invalid(
      `nothing says how to start ${get("variant")}: ${get("service")} has no command of its own`,
      "give a command",
    ),
  SourceMissing: (get) =>
    invalid(
      `nothing says where the code of ${get("variant")} is: ${
        get("isKnown") === "true"
          ? `${get("service")} has no path of its own`
          : `there is no service ${get("service")} yet`
      }`,
      "give a directory or a URL",
    ),
  SourceUnsupported: (get) =>
    invalid(
      `${get("variant")} can't run from ${get("source")} here`,
      "give a branch, a directory or a URL",
    ),
  PathMissing: (get) =>
    invalid(`${get("path")} ${get("why")}`, "give an existing directory by its absolute path"),
  NoRepository: (get) => ({
    code: "NO_REPOSITORY",
    detail: `${get("path")} is in no git repository (${get("why")})`,
    fix: "give a directory that holds the branch's code",
  }),
  BranchNotFound: (get) =>
    invalid(
      `branch ${get("branch")} of ${get("path")}: ${get("why")}`,
      "check the name with git branch, or bring it here with git fetch",
    ),
  UncommittedWork: (get) => ({ code: "UNCOMMITTED_WORK", ...workText(get) }),
  NothingToPromote: (get) =>
    get("candidate") === "notServing"
      ? conflict(`${get("variant")} does not serve its newest deploy yet`, "wait until it is ready")
      : {
          code: "NOT_FOUND",
          detail: `${get("service")} has no release candidate`,
          fix: `deploy ${get("service")}:rc`,
        },
  EnvironmentNotFound: (get) => ({
    code: "NOT_FOUND",
    detail: `there is no environment ${get("environment")}`,
    fix: "list the environments",
  }),
  EnvironmentExists: (get) =>
    conflict(`environment ${get("environment")} exists`, "replace it, or delete it first"),
  EnvironmentBuiltIn: (get) =>
    denied(
      `environment ${get("environment")} is built in: it can't be created, changed or deleted`,
      otherName,
    ),
  EnvironmentIsParent: (get) =>
    conflict(
      `environment ${get("environment")} cannot be deleted: it is the parent of ${get("children")}`,
      "delete those first, or give them another parent",
    ),
  ParentNotFound: (get) =>
    invalid(
      `environment ${get("environment")} can't have the parent ${get("parent")}: there is no such environment`,
      "create the parent first, or leave it out for stable",
    ),
  ParentCycle: (get) =>
    invalid(
      `environment ${get("environment")} can't have the parent ${get("parent")}, which has ${get("environment")} above it`,
      "choose another parent",
    ),
  ParentTooDeep: (get) =>
    invalid(
      `environment ${get("environment")} would have more than ${get("max")} parents`,
      "choose a parent nearer to stable",
    ),
};

function workText(get: Get): Omit<Text, "code"> {
  if (get("verb") === "promote") {
    return {
      detail: `${get("variant")} runs work that is not committed, so stable could not run the same`,
      fix: "commit it, deploy the candidate again, then promote it",
    };
  }
  if (get("verb") === "deploy") {
    return {
      detail: `the checkout of ${get("variant")} holds work that is not committed`,
      fix: "commit it, or destroy the variant and discard it",
    };
  }
  return {
    detail: `${get("variants")} would lose work that is not committed`,
    fix: "commit it, or discard it",
  };
}

const wait = (): string => "wait";
const readLog = (variant: string): string =>
  `read the output of ${variant}; mend it, then deploy it again`;

const conditionFixes: Readonly<Record<string, (variant: string) => string>> = {
  Deploying: wait,
  Preparing: (variant) => `wait; the output of ${variant} shows how far it is`,
  Starting: (variant) => `wait; the output of ${variant} shows how far it is`,
  Publishing: wait,
  AwaitingReaders: wait,
  Probing: wait,
  NotReady: (variant) => `it is restarted; the output of ${variant} says why it ended`,
  CrashLoop: readLog,
  WorkloadFailed: readLog,
  PrepareFailed: readLog,
  StartDeadline: readLog,
  WorkloadLost: wait,
  PathMissing: (variant) => `deploy ${variant} from a directory that exists`,
  ProbeFailed: (variant) => `see which variant answers requests for ${variant}`,
  Withdrawn: readLog,
  Terminating: wait,
  MemberMissing: (variant) => `deploy ${variant}, or take it out of the environment`,
};
