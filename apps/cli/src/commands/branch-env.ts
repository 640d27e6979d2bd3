import type { Source } from "@cocktail/client";
import { type Command, command } from "../command/command.ts";
import { argument, optionWithDefault } from "../command/option.ts";
import { choice, variant } from "../command/value.ts";
import { environmentFormats, environmentText } from "../output/environment-text.ts";

export const branchEnv: Command = command({
  path: ["branch", "env"],
  summary:
    "Print the variables of a variant, for a process of your own: addresses of its neighbours, identity, its settings",
  details: [
    "The addresses are the variant's own: a request through them is routed as its, and other services that are no entries are reached. PORT and HOST are those of a process attached by --url, and yours to choose otherwise. Keep it to yourself: the settings may be secret.",
  ],
  args: { variant: argument(variant, "the variant, also SERVICE:stable") },
  options: {
    output: optionWithDefault(
      choice(environmentFormats, "FORMAT"),
      "dotenv",
      "dotenv, shell or json",
      { short: "-o" },
    ),
  },
  formats: ["table"],
  streams: true,
  examples: [
    { text: "for an IDE", command: "cocktail branch env cart-service:mp-102 > .env.cocktail" },
    {
      text: "into this shell",
      command: 'eval "$(cocktail branch env cart-service:mp-102 -o shell)"',
    },
  ],
  run: async (context, { args, options }) => {
    const { api } = await context.connect();
    const { service, key } = args.variant;
    const { signal } = context;
    const port = attachedPort((await api.variant(service, key, { signal })).source);
    const { variables } = await api.variantEnvironment(service, key, { port }, { signal });
    await context.write(environmentText(variables, options.output));
  },
});

/** Where a process that is attached by its URL has to listen on this machine. */
function attachedPort(source: Source): number | undefined {
  const url = source.kind === "url" ? new URL(source.url) : undefined;
  const isHere = url?.hostname === "127.0.0.1" || url?.hostname === "localhost";
  return isHere && url?.port !== "" ? Number(url.port) : undefined;
}
