/** What a user may do in a schedule. `version` is what VERSION holds at the commit that is meant, undefined if there is none. */
export type Operation =
  | {
      readonly kind: "deploy";
      readonly service: string;
      /** Also `rc`. */
      readonly key: string;
      /** A git branch, or else the directory `alt`. */
      readonly branch?: string | undefined;
      readonly version: string | undefined;
      readonly environment?: string | undefined;
      readonly ttl?: number | undefined;
      readonly replace: boolean;
      readonly wait: boolean;
    }
  | {
      readonly kind: "delete";
      readonly service: string;
      readonly key: string;
      readonly wait: boolean;
    }
  | {
      readonly kind: "restart";
      readonly service: string;
      readonly key: string;
      readonly wait: boolean;
    }
  | { readonly kind: "promote" | "rollback"; readonly service: string; readonly wait: boolean }
  | {
      readonly kind: "env create" | "env apply";
      readonly name: string;
      readonly parent: string;
      /** service -> key */
      readonly members: Readonly<Record<string, string>>;
      readonly ttl?: number | undefined;
      readonly wait: boolean;
    }
  | { readonly kind: "env extend"; readonly name: string; readonly by: number }
  /** It waits: an environment that is going is still the child of its parent. */
  | { readonly kind: "env delete"; readonly name: string; readonly keep: boolean }
  /** Changes the service's entry of cocktail.yaml and applies the file. */
  | { readonly kind: "apply"; readonly service: string; readonly version: string }
  /** The user moves a branch to its next commit, without Cocktail. */
  | { readonly kind: "commit"; readonly branch: string; readonly to: number }
  | { readonly kind: "drop"; readonly branch: string }
  | { readonly kind: "up" | "down" };

/** Seconds after which a command that still waits gives up. */
const waitSeconds = 40;

/** The command of an operation; undefined for what the user does without Cocktail. */
export function commandOf(operation: Operation): readonly string[] | undefined {
  switch (operation.kind) {
    case "deploy":
      return [...deployCommand(operation), ...waiting(operation.wait)];
    case "delete":
      return operation.key === "rc"
        ? ["rc", "abandon", operation.service, ...waiting(operation.wait)]
        : ["branch", "delete", `${operation.service}:${operation.key}`, ...waiting(operation.wait)];
    case "restart":
      return ["restart", `${operation.service}:${operation.key}`, ...waiting(operation.wait)];
    case "promote":
    case "rollback":
      return ["rc", operation.kind, operation.service, ...waiting(operation.wait)];
    case "env create":
    case "env apply": {
      const members = Object.entries(operation.members).flatMap(([service, key]) => [
        "--variant",
        `${service}:${key}`,
      ]);
      const words = [...operation.kind.split(" "), operation.name, "--parent", operation.parent];
      return [...words, ...members, ...lifetime(operation.ttl), ...waiting(operation.wait)];
    }
    case "env extend":
      return ["env", "extend", operation.name, "--by", `${operation.by}s`];
    case "env delete": {
      const keep = operation.keep ? ["--keep-variants"] : [];
      return ["env", "delete", operation.name, ...keep, ...waiting(true)];
    }
    case "apply":
      return ["apply"];
    case "up":
      return ["up", "--detach", "--port", "0", "--wait-timeout", `${waitSeconds}s`];
    case "down":
      return ["down"];
    case "commit":
    case "drop":
      return undefined;
  }
}

/** What a failure prints: the command, or what the user did. */
export function describeOperation(operation: Operation): string {
  if (operation.kind === "commit")
    return `(user) git: ${operation.branch} goes on to commit ${operation.to}`;
  if (operation.kind === "drop") return `(user) git branch -D ${operation.branch}`;
  const command = `cocktail ${(commandOf(operation) ?? []).join(" ")}`;
  return operation.kind === "apply"
    ? `(user) edits the entry of ${operation.service} in cocktail.yaml; ${command}`
    : command;
}

function deployCommand({
  branch,
  environment,
  key,
  replace,
  service,
  ttl,
}: Extract<Operation, { readonly kind: "deploy" }>): readonly string[] {
  const source = branch === undefined ? ["--path", `alt/${service}`] : ["--branch", branch];
  if (key === "rc") return ["rc", "deploy", service, ...source];
  const layer = environment === undefined ? [] : ["--environment", environment];
  const over = replace ? ["--replace"] : [];
  return [
    "branch",
    "deploy",
    service,
    "--key",
    key,
    ...source,
    ...layer,
    ...over,
    ...lifetime(ttl),
  ];
}

function lifetime(ttl: number | undefined): readonly string[] {
  return ttl === undefined ? [] : ["--ttl", `${ttl}s`];
}

function waiting(wait: boolean): readonly string[] {
  return wait ? ["--wait-timeout", `${waitSeconds}s`] : ["--no-wait"];
}
