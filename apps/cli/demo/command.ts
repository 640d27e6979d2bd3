import { type Command, command } from "../src/command/command.ts";
import { flag } from "../src/command/option.ts";
import type { Context } from "../src/command/context.ts";
import { closeShop, makeShopDirectory, openShop, type Shop } from "./shop.ts";
import type { StepResult } from "./step.ts";
import { stepView, summaryView } from "./view.ts";
import { walk } from "./walk.ts";
import { Failure } from "../src/failure.ts";
import { layout } from "../src/output/layout.ts";
import { coloured, plain } from "../src/output/paint.ts";
import { gap, line, span, type View } from "../src/output/view.ts";

/** JSON fields are a contract. */
interface DemoReport {
  readonly steps: readonly StepResult[];
}

export const demo: Command = command({
  path: ["demo"],
  invokedAs: "npm run demo --",
  summary:
    "Walk through the features with an example shop: each step shows its commands and verifies its result",
  details: [
    "It copies the shop into a temporary directory with a git repository of its own, starts it on a free port, and removes everything at the end, also after Ctrl-C. Exits 1 if a step fails.",
  ],
  target: "none",
  formats: ["table", "json"],
  options: { keep: flag("leave the shop running at the end, to try it out") },
  examples: [
    { text: "all steps", command: "npm run demo" },
    {
      text: "as data",
      command: "npm run --silent demo -- -o json | jq '.steps[] | {name, ok, ms}'",
    },
  ],
  run: async (context, { options }): Promise<DemoReport> => {
    const print = printer(context);
    const began = context.now();
    const directory = await makeShopDirectory();
    const close = async (): Promise<void> => {
      const waiting = context.progress.wait("cleanup");
      await closeShop(context, directory);
      waiting.end("good", "every process stopped, every file removed");
    };
    let finished = false;
    try {
      const shop = await start(context, directory, print);
      const steps = await printWalk(context, shop, print);
      await print([gap, ...summaryView(steps, shop.omitted, context.now() - began)]);
      finished = options.keep;
      if (finished) await print(keptView(shop));
      return { steps };
    } catch (error) {
      throw context.signal.aborted ? interruptedFailure(context.signal.reason) : error;
    } finally {
      if (!finished) await close();
    }
  },
  failure: ({ steps }) => {
    const failed = steps.filter(({ ok }) => !ok).map(({ name }) => name);
    if (failed.length === 0) return undefined;
    return new Failure({
      code: "CHECK_FAILED",
      message: `failed steps: ${failed.join("; ")}`,
      fix: "check the machine: cocktail doctor; then run the demo again with --keep and see: cocktail logs",
    });
  },
});

/** Unlike other commands, an interrupted demo leaves nothing running. */
function interruptedFailure(reason: unknown): unknown {
  if (!(reason instanceof Failure)) return reason;
  return new Failure({
    code: reason.code,
    message: "interrupted; every process was stopped and every file removed",
    fix: "run it again: npm run demo",
    exitCode: reason.exitCode,
  });
}

type Print = (view: View) => Promise<void>;

/** Steps are printed on stdout as they finish; under `-o json` stdout contains only the report. */
function printer({ format, colour, write }: Context): Print {
  return async (view) => {
    if (format !== "json") await write(layout(view, colour ? coloured : plain, false));
  };
}

async function start(context: Context, directory: string, print: Print): Promise<Shop> {
  const waiting = context.progress.wait("start");
  waiting.state("copying the shop, starting its services");
  try {
    const shop = await openShop(context, directory);
    waiting.end("good", `${shop.services.length} services at ${shop.run.edge}`);
    await print([line(span("strong", "The Cocktail Shop"), `  ${shop.services.join(", ")}`), gap]);
    return shop;
  } catch (error) {
    waiting.end("bad", "the shop did not start");
    throw error;
  }
}

async function printWalk(
  context: Context,
  shop: Shop,
  print: Print,
): Promise<readonly StepResult[]> {
  let description = "";
  let waiting: ReturnType<typeof context.progress.wait> | undefined;
  try {
    return await walk(shop, {
      stepStarted: ({ name, description: text }, number) => {
        description = text;
        waiting = context.progress.wait(`step ${number}`);
        waiting.state(name);
      },
      stepFinished: async (result, number) => {
        waiting?.drop();
        waiting = undefined;
        await print(stepView(result, description, number));
      },
    });
  } finally {
    waiting?.drop();
  }
}

function keptView({ directory, run }: Shop): View {
  return [
    gap,
    line(span("strong", "still running"), `: ${run.edge}, in ${directory}`),
    line("  try it out: ", `cd ${directory} && cocktail status`),
    line(
      "  stop it:    ",
      `cd ${directory} && cocktail down --purge && cd - && rm -r ${directory}`,
    ),
  ];
}
