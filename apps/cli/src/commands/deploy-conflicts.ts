import { RC, STABLE } from "@cocktail/route";
import { usageFailure } from "../failure.ts";

export interface SourceOptions {
  readonly branch: string | undefined;
  readonly key: string | undefined;
  readonly path: string | undefined;
  readonly url: string | undefined;
}

export interface ConflictOptions extends SourceOptions {
  readonly service: string | undefined;
  readonly all: boolean;
  readonly watch: boolean;
  readonly wait: boolean;
  readonly dryRun: boolean;
}

type Rule = readonly [isBroken: boolean, message: string, fix: string];

const has = (value: unknown): boolean => value !== undefined;

/** Throws for missing or conflicting options, before any request. */
export function refuseConflict(options: ConflictOptions, rest: readonly string[]): void {
  const rules = [...sourceRules(options, rest), ...watchRules(options), ...keyRules(options)];
  const broken = rules.find(([isBroken]) => isBroken);
  if (broken !== undefined) throw usageFailure(broken[1], broken[2]);
}

function sourceRules(options: ConflictOptions, rest: readonly string[]): readonly Rule[] {
  const { all, branch, key, path, service, url } = options;
  return [
    [
      !all && !has(service),
      "no service is named",
      "cocktail branch deploy SERVICE --branch NAME; or all that have the branch: --branch NAME --all",
    ],
    [
      all && (!has(branch) || [service, path, url, rest[0]].some(has)),
      "--all takes a --branch, and neither a service, --path, --url nor a command",
      "cocktail branch deploy --branch feature/mp-101-faster --all",
    ],
    [
      !has(branch) && !has(key),
      "neither --branch nor --key is given",
      "pass --branch feature/mp-101-faster, or --key mp-101",
    ],
    [
      has(path) && has(url),
      "--path and --url exclude each other",
      "--path runs a process, --url attaches one; omit one of them",
    ],
    [
      has(url) && rest.length > 0,
      "--url excludes a command after --",
      "--url attaches a process that already runs; omit the command",
    ],
  ];
}

function watchRules({ branch, dryRun, path, wait, watch }: ConflictOptions): readonly Rule[] {
  return [
    [
      watch && !has(path),
      has(branch)
        ? "--watch follows a directory, and a git branch has none that you edit"
        : "--watch follows a directory, and none is given",
      "pass the directory that you edit with --path DIR; a commit of a branch is deployed by the same command without --watch",
    ],
    [
      watch && (dryRun || !wait),
      "--watch excludes --dry-run and --no-wait",
      "omit them: every deploy is waited for, so that no two run at once",
    ],
  ];
}

function keyRules({ key }: ConflictOptions): readonly Rule[] {
  return [
    [
      key === RC,
      "--key rc is reserved",
      "deploy a release candidate with: cocktail rc deploy SERVICE --path DIR",
    ],
    [
      key === STABLE,
      "--key stable is reserved",
      "change stable in cocktail.yaml, or with: cocktail rc promote SERVICE",
    ],
  ];
}
