import type { GuessedService } from "./guess.ts";

/** A cocktail.yaml with comments. JSON strings are YAML strings, whatever is in them. */
export function renderFile(name: string, services: readonly GuessedService[]): string {
  return [
    "# The services of this cocktail: docs/reference/cocktail-yaml.md says what else can be written here.",
    "apiVersion: cocktail.dev/v1alpha1",
    "kind: Cocktail",
    `metadata: {name: ${JSON.stringify(name)}}`,
    "services:",
    ...services.flatMap(renderService),
    "",
  ].join("\n");
}

function renderService(
  { name, path, prepare, command, copyFiles, env, from }: GuessedService,
  index: number,
): readonly string[] {
  return [
    `- name: ${JSON.stringify(name)}   # from ${from}`,
    `  path: ${JSON.stringify(path === "." ? "." : `./${path}`)}`,
    ...(prepare === undefined ? [] : [`  prepare: ${JSON.stringify(prepare)}`]),
    `  command: ${JSON.stringify(command)}   # gets PORT, HOST and <SERVICE>_URL of every other service`,
    ...(env === undefined ? [] : [`  env: ${JSON.stringify(env)}`]),
    index === 0
      ? "  entry: true                 # reachable from outside; the first one answers http://localhost:8080"
      : "  # entry: true               # to reach it from outside, too",
    ...(copyFiles.length === 0
      ? []
      : [
          `  # copyFiles: ${JSON.stringify(copyFiles)}   # git ignores what a branch may need: this copies it into its checkout`,
        ]),
    "  # health: /healthz          # a path that answers when it is ready; default: that it listens",
    "  # ref: main                 # to run stable at a branch, tag or commit, in a checkout of its own",
  ];
}
