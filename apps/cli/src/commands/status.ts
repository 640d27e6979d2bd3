import { readFullStatus } from "../cocktail/read-status.ts";
import { type Command, command } from "../command/command.ts";
import { statusView } from "../views/status-view.ts";

export const status: Command = command({
  path: ["status"],
  summary: "Show the running cocktail: services, variants, environments, and what was recovered",
  examples: [
    { text: "everything", command: "cocktail status" },
    { text: "the address of the edge", command: "cocktail status -o json | jq -r .edge" },
  ],
  run: async (context) => await readFullStatus((await context.connect()).api, context.signal),
  view: (report, { now }) => statusView(report, now()),
  names: ({ services }) => services.map(({ name }) => `service/${name}`),
});
