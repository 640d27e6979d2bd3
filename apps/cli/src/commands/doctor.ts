import { type Command, command } from "../command/command.ts";
import { optionWithDefault } from "../command/option.ts";
import { port } from "../command/value.ts";
import type { CheckResult } from "../doctor/check.ts";
import { checkDatabase } from "../doctor/database.ts";
import {
  checkGit,
  checkLocalhostNames,
  checkNode,
  checkPort,
  checkProxies,
  checkPython,
} from "../doctor/machine.ts";
import { checkFile, checkHealth, checkRun, findCocktail } from "../doctor/state.ts";
import { Failure } from "../failure.ts";
import { line, span, type View } from "../output/view.ts";

export const doctor: Command = command({
  path: ["doctor"],
  summary: "Check this machine and its cocktail; every finding has a fix",
  options: {
    port: optionWithDefault(port, "8080", "the edge's port to check", { short: "-p" }),
  },
  examples: [
    { text: "find problems", command: "cocktail doctor" },
    {
      text: "problems only",
      command: "cocktail doctor -o json | jq '.checks[] | select(.verdict != \"ok\")'",
    },
  ],
  run: async (context, { options }) => {
    const found = await findCocktail(context.file, context.cwd);
    const { live } = found;
    const machine = [
      checkNode(process.versions.node),
      await checkGit(),
      await checkPython(),
      await checkDatabase(context.env),
      checkProxies(context.env),
      await checkLocalhostNames(),
      // A running cocktail may use the port itself.
      ...(live === undefined ? [await checkPort(options.port)] : []),
    ];
    const health = live === undefined ? [] : await checkHealth(live, context.signal);
    return { checks: [...machine, checkFile(found), checkRun(found), ...health] };
  },
  view: ({ checks }) => checks.flatMap(checkLines),
  names: ({ checks }) => checks.filter(({ verdict }) => verdict !== "ok").map(({ name }) => name),
  failure: ({ checks }) => {
    const bad = checks.filter(({ verdict }) => verdict === "failed");
    const names = bad.map(({ name }) => name).join(", ");
    return bad.length === 0
      ? undefined
      : new Failure({
          code: "CHECK_FAILED",
          message: `checks failed: ${names}`,
          fix: bad.map(({ fix }) => fix ?? "").join("; "),
        });
  },
});

function checkLines({ name, verdict, detail, fix, lastOutput = [] }: CheckResult): View {
  const mark = { ok: span("good", "✓"), warning: span("warn", "!"), failed: span("bad", "✗") }[
    verdict
  ];
  const head = line(mark, " ", span("strong", name.padEnd(14)), ` ${detail}`);
  if (fix === undefined) return [head];
  return [
    head,
    line(" ".repeat(17), span("dim", "fix: "), fix),
    ...lastOutput.flatMap(({ variant, lines }) =>
      lines.map((text) => line(" ".repeat(17), span("dim", `${variant} | `), text)),
    ),
  ];
}
