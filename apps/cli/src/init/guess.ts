/** What is in a directory that may hold a service. Texts are those of its files; absent: no such file. */
export interface DirectoryFacts {
  /** `.`, or the name of a directory below. */
  readonly path: string;
  /** The name that the directory itself has. */
  readonly name: string;
  readonly packageJson?: string | undefined;
  readonly hasLockfile: boolean;
  readonly goMod?: string | undefined;
  readonly procfile?: string | undefined;
  readonly pom?: string | undefined;
  /** Names of its files. */
  readonly files: ReadonlySet<string>;
  /** Files of settings, such as `.env`, that git ignores: no checkout of a branch has them. */
  readonly ignoredSettings: readonly string[];
}

/** A service as it may be written into cocktail.yaml. */
export interface GuessedService {
  readonly name: string;
  readonly path: string;
  readonly prepare?: readonly string[];
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What a checkout of a branch may need from the working copy. */
  readonly copyFiles: readonly string[];
  /** What the guess is from. */
  readonly from: string;
}

type Guess = Omit<GuessedService, "copyFiles" | "name" | "path"> & { readonly name?: string };

const guesses: readonly ((facts: DirectoryFacts) => Guess | undefined)[] = [
  fromProcfile,
  fromPackage,
  fromGo,
  fromPython,
  fromMaven,
];

/** The service of each directory that looks like one, with names that differ. */
export function guessServices(directories: readonly DirectoryFacts[]): readonly GuessedService[] {
  const taken = new Set<string>();
  return directories.flatMap((facts) => {
    for (const guess of guesses) {
      const found = guess(facts);
      if (found === undefined) continue;
      const { name = facts.name, ...rest } = found;
      const { ignoredSettings: copyFiles, path } = facts;
      return [{ ...rest, name: uniqueName(name, taken), path, copyFiles }];
    }
    return [];
  });
}

function fromProcfile({ procfile }: DirectoryFacts): Guess | undefined {
  const web = /^web:\s*(.+)$/m.exec(procfile ?? "")?.[1]?.trim();
  if (web === undefined) return undefined;
  return { command: ["sh", "-c", web], from: "the line web: of Procfile" };
}

function fromPackage({ packageJson, hasLockfile }: DirectoryFacts): Guess | undefined {
  const parsed = parseObject(packageJson) ?? {};
  const scripts = objectOf(parsed["scripts"]) ?? {};
  const script = ["start", "dev"].find((name) => typeof scripts[name] === "string");
  if (script === undefined) return undefined;
  return {
    ...nameOf(parsed["name"]),
    ...(hasLockfile && { prepare: ["npm", "ci"] }),
    command: commandOf(script, String(scripts[script])),
    from: `the script ${script} of package.json`,
  };
}

/** Without its scope. */
function nameOf(name: unknown): { readonly name?: string } {
  return typeof name === "string" ? { name: name.replace(/^@[^/]*\//, "") } : {};
}

/** Without npm between, signals and exit codes are the service's own. */
function commandOf(script: string, text: string): readonly string[] {
  if (/^node(?: [\w@./=:-]+)+$/.test(text)) return text.split(" ");
  return script === "start" ? ["npm", "start"] : ["npm", "run", script];
}

function fromGo({ goMod }: DirectoryFacts): Guess | undefined {
  if (goMod === undefined) return undefined;
  const name = /^module\s+(\S+)/m.exec(goMod)?.[1]?.split("/").at(-1);
  return { ...(name !== undefined && { name }), command: ["go", "run", "."], from: "go.mod" };
}

function fromPython({ files }: DirectoryFacts): Guess | undefined {
  if (files.has("manage.py")) {
    const command = "exec python3 manage.py runserver --noreload $HOST:$PORT";
    return { command: ["sh", "-c", command], from: "manage.py" };
  }
  const file = ["app.py", "main.py", "server.py"].find((each) => files.has(each));
  return file === undefined ? undefined : { command: ["python3", file], from: file };
}

function fromMaven({ pom }: DirectoryFacts): Guess | undefined {
  if (pom?.includes("spring-boot") !== true) return undefined;
  return {
    command: ["mvn", "-q", "spring-boot:run"],
    env: { SERVER_PORT: "${PORT}" },
    from: "pom.xml",
  };
}

/** A DNS label of at most 40 characters, as like the text as it can be. */
export function labelOf(text: string): string {
  const label = text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  return label.replace(/^-+/, "").slice(0, 40).replace(/-+$/, "") || "service";
}

/** One that no other service has. */
function uniqueName(wanted: string, taken: Set<string>): string {
  const label = labelOf(wanted);
  const base = label === "stable" || label === "rc" ? `${label}-service` : label;
  let name = base;
  for (let number = 2; taken.has(name); number++) name = `${base}-${number}`;
  taken.add(name);
  return name;
}

function parseObject(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    return objectOf(JSON.parse(text ?? "null"));
  } catch {
    return undefined;
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : undefined;
}
