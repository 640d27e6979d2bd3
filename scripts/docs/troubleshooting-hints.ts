// What to do about the codes whose messages carry a fix for the one case. The compiler asks for a line for each new code.
// oxlint-disable no-restricted-imports -- Types of what the page is about.
import type { failureCodes } from "../../apps/cli/src/failure.ts";
import type { problemKinds } from "../../packages/control-plane/src/api/problems.ts";
import type { problems } from "../../packages/gateway/src/problem.ts";
// oxlint-enable no-restricted-imports

type Hints<Words> = Readonly<Record<keyof Words, string>>;

const limits = "see the limits: docs/reference/gateway.md";

export const gatewayHints: Hints<typeof problems> = {
  MalformedRequest: "the detail names the part that is wrong; compare with curl",
  UnknownService: "list the services: cocktail status",
  UnknownHost: "see the URLs: cocktail status, cocktail env url ENVIRONMENT",
  NotAnEntry: "set entry: true on it, or reach it as cocktail exec and other services do",
  UnknownEnvironment: "list them: cocktail env list; a variant must be ready for its key to be one",
  NoSuchPage: "only enter and leave are below /.well-known/cocktail/",
  MethodNotAllowed: "send GET or HEAD; a tunnel (CONNECT) is not supported",
  RequestTimeout: limits,
  BodyTooLarge: limits,
  TargetTooLong: "move long parameters into the body",
  ExpectationFailed: "send Expect: 100-continue, or leave it out",
  OutsideDomain: "use a host below domain: of cocktail.yaml, localhost by default",
  StrictMiss: "deploy what missed names, or leave out x-route-mode: strict",
  HeadTooLarge: "send fewer or shorter headers; cookies are the usual cause",
  MethodNotImplemented: "use a registered method; methods are case-sensitive",
  VariantProtocolError:
    "see its log: cocktail branch logs SERVICE:KEY; set protocol: in cocktail.yaml",
  NoVariant: "name one of its variants in the route: cocktail branch list",
  VariantUnavailable: "see why: cocktail branch get SERVICE:KEY; stable never answers in its place",
  TooManyConnections: limits,
  VariantTimeout:
    "a breakpoint, or a slow variant: the gateway waits 300 s for a response to begin",
};

export const apiHints: Hints<typeof problemKinds> = {
  INVALID: "fix what the lines of the message name",
  UNAUTHORIZED:
    "run the command where the cocktail.yaml is, as the user who started it, or set COCKTAIL_TOKEN",
  FORBIDDEN_HOST: "call the API by the address that cocktail status names",
  FORBIDDEN_ORIGIN: "use the command line, or type the address into the browser",
  NOT_FOUND: "list what exists: cocktail status, cocktail env list",
  CONFLICT: "the reason says with what",
  REFUSED: "the reason says why",
  UNCOMMITTED_WORK: "commit it, or discard it with --discard",
  NO_REPOSITORY: "use --path with a directory that holds the branch's code",
  TOO_LARGE: "send less in one request",
  STORE_UNAVAILABLE: "try again; the database restarts within seconds: cocktail doctor",
  NOT_READY: "try again; it is starting or stopping: cocktail status",
  INTERNAL: "this is a bug in Cocktail: report it with the text",
};

export const commandHints: Hints<Omit<typeof failureCodes, keyof typeof problemKinds>> = {
  API_UNREACHABLE: "start it: cocktail up; its log: .cocktail/logs/cocktail.log",
  CHECK_FAILED: "follow the fix of each check that failed",
  CLUSTER_UNREADABLE: "make the kubectl command work that the message names",
  COMMAND_NOT_STARTED: "check that the program exists and may be executed",
  COCKTAIL_EXITED: "start it again: cocktail up; why it ended: .cocktail/logs/cocktail.log",
  FILE_NOT_FOUND: "check the path",
  INTERRUPTED: "the operation goes on: cocktail status",
  NOT_PERMITTED: "run the command as the user who started the cocktail",
  NO_URL: "send its header instead: cocktail branch get SERVICE:KEY",
  NOT_RUNNING: "cocktail up, in the directory of the cocktail.yaml or with -f",
  OUTPUT_FAILED: "check the disk, and the program behind the pipe",
  REQUEST_FAILED: "see the response, and the log of the service: cocktail logs SERVICE",
  RUNNING: "use it, or end it: cocktail down",
  SPEC_INVALID: "fix the named lines: docs/reference/cocktail-yaml.md",
  STATE_UNUSABLE:
    "check the owner and the space of .cocktail/; after sudo cocktail up it belongs to root",
  TIMEOUT: "it goes on: cocktail branch get SERVICE:KEY; wait longer with --wait-timeout",
  USAGE: "see --help of the command",
  WATCH_FAILED: "raise the limit that the message names, or watch a smaller directory",
  VARIANT_FAILED: "see its log: cocktail branch logs SERVICE:KEY",
};
