import { spawn } from "node:child_process";

export interface ShellSession extends AsyncDisposable {
  /** Runs a command in the same shell as the ones before, so that `cd` and variables last. */
  readonly run: (command: string) => Promise<{ readonly code: number; readonly output: string }>;
}

const mark = "--- end of command";

/** One bash for many commands; stdout and stderr together. */
export function openShell(cwd: string, env: NodeJS.ProcessEnv): ShellSession {
  const shell = spawn("bash", ["--noprofile", "--norc"], {
    cwd,
    env,
    stdio: ["pipe", "pipe", "inherit"],
  });
  let text = "";
  let onText = (): void => {};
  shell.stdout.setEncoding("utf8").on("data", (more: string) => {
    text += more;
    onText();
  });
  shell.once("exit", () => onText());
  shell.stdin.write("exec 2>&1\n");
  return {
    run: async (command) => {
      text = "";
      shell.stdin.write(`${command}\necho "${mark} $?"\n`);
      const ending = new RegExp(`${mark} (\\d+)\\n$`);
      for (;;) {
        const found = ending.exec(text);
        if (found !== null) return { code: Number(found[1]), output: text.slice(0, found.index) };
        if (shell.exitCode !== null) throw new Error(`the shell ended in: ${command}\n${text}`);
        await new Promise<void>((settle) => {
          onText = settle;
        });
      }
    },
    [Symbol.asyncDispose]: async () => {
      const gone = new Promise((settle) => shell.once("exit", settle));
      shell.stdin.end();
      if (shell.exitCode === null) await gone;
    },
  };
}
