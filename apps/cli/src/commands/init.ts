import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Command, command } from "../command/command.ts";
import { flag } from "../command/option.ts";
import { exitCodes } from "../exit-code.ts";
import { Failure } from "../failure.ts";
import { type GuessedService, guessServices, labelOf } from "../init/guess.ts";
import { readDirectories } from "../init/read-directories.ts";
import { renderFile } from "../init/render.ts";
import { line, span } from "../output/view.ts";

interface InitReport {
  readonly file: string;
  readonly services: readonly GuessedService[];
  readonly text: string;
  readonly written: boolean;
}

export const init: Command = command({
  path: ["init"],
  summary:
    "Write a commented cocktail.yaml from what is in this directory and those right below it",
  details: [
    "It looks at Procfile, scripts of package.json, go.mod, Python's manage.py, app.py, main.py and server.py, and Spring Boot's pom.xml, and starts nothing. Check what it says; a service has to listen on the PORT that it gets.",
  ],
  options: {
    print: flag("print it instead of writing the file"),
    force: flag("replace a cocktail.yaml that is there"),
  },
  target: "none",
  examples: [
    { text: "in the directory that holds the services", command: "cocktail init" },
    { text: "only look", command: "cocktail init --print" },
  ],
  run: async ({ cwd }, { options: { force, print } }): Promise<InitReport> => {
    const services = guessServices(await readDirectories(cwd));
    if (services.length === 0) throw nothingFound(cwd);
    const text = renderFile(labelOf(basename(cwd)), services);
    const file = join(cwd, "cocktail.yaml");
    if (!print) await write(file, text, force);
    return { file, services, text, written: !print };
  },
  view: ({ file, services, text, written }) => {
    if (!written)
      return text
        .trimEnd()
        .split("\n")
        .map((each) => line(each));
    return [
      line(span("strong", file), " written"),
      ...services.map(({ name, from }) => line(`  ${name}`, span("dim", `  from ${from}`))),
      { kind: "fields", fields: [["next", "check the commands in it, then: cocktail up"]] },
    ];
  },
  names: ({ services }) => services.map(({ name }) => `service/${name}`),
});

async function write(file: string, text: string, force: boolean): Promise<void> {
  try {
    await writeFile(file, text, { flag: force ? "w" : "wx" });
  } catch (error) {
    const exists = error instanceof Error && "code" in error && error.code === "EEXIST";
    if (!exists) throw error;
    throw new Failure({
      code: "CONFLICT",
      message: `${file} exists`,
      fix: "look at what it would be with --print, or replace it with --force",
      exitCode: exitCodes.conflict,
    });
  }
}

function nothingFound(directory: string): Failure {
  return new Failure({
    code: "NOT_FOUND",
    message: `nothing in ${directory}, or right below it, looks like a service`,
    fix: "run it where the services are, or write cocktail.yaml by hand: docs/reference/cocktail-yaml.md",
    exitCode: exitCodes.notFound,
  });
}
