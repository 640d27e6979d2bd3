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
    "Walk through everything with an example shop: each step shows its commands and proves itself",
  details: [
    "It copies the shop into a temporary directory with a git repository of its own, starts it on a free port, and removes everything at the end, also after Ctrl-C. Exits 1 where a step does not hold.",
  ],
  target: "none",
  formats: ["table", "json"],
  options: { keep: flag("leave the shop running at the end, to play with") },
  examples: [
    { text: "the walk", command: "npm run demo" },
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
      waiting.end("good", "every process ended, every file removed");
    };
    let finished = false;
    try {
      const shop = await start(context, directory, print);
      const steps = await tell(context, shop, print);
      await print([gap, ...summaryView(steps, shop.leftOut, context.now() - began)]);
      finished = options.keep;
      if (finished) await print(keptView(shop));
      return { steps };
    } catch (error) {
      throw context.signal.aborted ? cutShort(context.signal.reason) : error;
    } finally {
      if (!finished) await close();
    }
  },
  failure: ({ steps }) => {
    const failed = steps.filter(({ ok }) => !ok).map(({ name }) => name);
    if (failed.length === 0) return undefined;
    return new Failure({
      code: "CHECK_FAILED",
      message: `these steps do not hold: ${failed.join("; ")}`,
      fix: "cocktail doctor; then run it again with --keep and look: cocktail logs",
    });
  },
});

/** Other commands leave behind what they began; the demo does not. */
function cutShort(reason: unknown): unknown {
  if (!(reason instanceof Failure)) return reason;
  return new Failure({
    code: reason.code,
    message: "interrupted; every process was stopped and every file removed",
    fix: "run it again: npm run demo",
    exitCode: reason.exitCode,
  });
}

type Print = (view: View) => Promise<void>;

/** The walk is told on stdout as it goes; under `-o json` stdout is the report's alone. */
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

async function tell(context: Context, shop: Shop, print: Print): Promise<readonly StepResult[]> {
  let said = "";
  let waiting: ReturnType<typeof context.progress.wait> | undefined;
  try {
    return await walk(shop, {
      began: ({ name, tell }, number) => {
        said = tell;
        waiting = context.progress.wait(`step ${number}`);
        waiting.state(name);
      },
      ended: async (result, number) => {
        waiting?.drop();
        waiting = undefined;
        await print(stepView(result, said, number));
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
    line("  play with it: ", `cd ${directory} && cocktail status`),
    line(
      "  end it:       ",
      `cd ${directory} && cocktail down --purge && cd - && rm -r ${directory}`,
    ),
  ];
}
