import type { Catalog } from "../command/catalog.ts";
import { type Command, command } from "../command/command.ts";
import { argument } from "../command/option.ts";
import { choice } from "../command/value.ts";
import { complete } from "../completion/complete.ts";
import { namesOf } from "../completion/names.ts";
import { scripts, shells } from "../completion/scripts.ts";

export const completion: Command = command({
  path: ["completion"],
  summary: "Print the completion script of a shell; it completes the names of running objects too",
  args: { shell: argument(choice(shells), "the shell") },
  target: "none",
  formats: ["table"],
  examples: [
    {
      text: "bash, now and in every shell",
      command: 'eval "$(cocktail completion bash)"   # add this line to ~/.bashrc',
    },
    {
      text: "zsh, in a directory of $fpath",
      command: 'cocktail completion zsh > "${fpath[1]}/_cocktail"',
    },
    {
      text: "fish",
      command: "cocktail completion fish > ~/.config/fish/completions/cocktail.fish",
    },
  ],
  run: async (context, { args }) => {
    await context.write(scripts[args.shell]);
  },
});

/** A slow or absent cocktail must not block the shell. */
const namesTimeoutMs = 1500;

/** Called by the scripts. Takes the catalog as an argument, because it is part of it. */
export function completeCommand(catalog: () => Catalog): Command {
  return command({
    path: ["__complete"],
    summary: "Answer a shell's completion",
    hidden: true,
    formats: ["table"],
    rest: { placeholder: "WORDS...", summary: "the typed words; the last one may be empty" },
    examples: [
      { text: "commands", command: "cocktail __complete -- ''" },
      { text: "verbs", command: "cocktail __complete -- env ''" },
    ],
    run: async (context, { rest }) => {
      const { words, dynamic } = complete(catalog(), rest);
      if (dynamic === "file" || dynamic === "directory") {
        await context.write(dynamic === "file" ? "files\n" : "directories\n");
        return;
      }
      let names: readonly string[] = [];
      if (dynamic !== undefined) {
        const signal = AbortSignal.any([context.signal, AbortSignal.timeout(namesTimeoutMs)]);
        names = await context.connect().then(
          ({ api }) => namesOf(api, dynamic, signal).catch(() => []),
          () => [],
        );
      }
      await context.write(["words", ...words, ...names, ""].join("\n"));
    },
  });
}
