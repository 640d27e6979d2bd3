import type { FileChange } from "@cocktail/client";
import { type Command, command } from "../command/command.ts";
import { line, span, type View } from "../output/view.ts";
import { dryRunOption } from "./shared-options.ts";

export const apply: Command = command({
  path: ["apply"],
  summary: "Apply a changed cocktail.yaml to the running cocktail: add, change and remove services",
  details: [
    "Only services whose entry changed are started again, each beside its old process. Branches stay as they are. A file with faults changes nothing. metadata.name, domain and ticketProjects need a new start. A process gets the address of an added service with its next start: cocktail restart SERVICE.",
  ],
  options: { ...dryRunOption },
  examples: [
    { text: "after an edit", command: "cocktail apply" },
    { text: "print what would change", command: "cocktail apply --dry-run" },
  ],
  run: async (context, { options }): Promise<FileChange & { readonly dryRun: boolean }> => {
    const { api } = await context.connect();
    const { dryRun } = options;
    const change = await api.applyFile(dryRun ? { dryRun } : {}, { signal: context.signal });
    for (const note of change.notes) context.progress.warn(note);
    return { ...change, dryRun };
  },
  view: ({ added, changed, removed, dryRun }): View => {
    const rows = [
      ...added.map((name) => line(span("good", "added"), `    ${name}`)),
      ...changed.map((name) => line(span("accent", "changed"), `  ${name}`)),
      ...removed.map((name) => line(span("warn", "removed"), `  ${name}`)),
    ];
    if (rows.length === 0) return [line("no service changed")];
    return dryRun ? [...rows, line(span("dim", "nothing was changed"))] : rows;
  },
  names: ({ added, changed, removed }) =>
    [...added, ...changed, ...removed].map((name) => `service/${name}`),
});
