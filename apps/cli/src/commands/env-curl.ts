import { defaultHeaderNames } from "@cocktail/route";
import { type Command, command } from "../command/command.ts";
import { argument, flag, option, repeatable } from "../command/option.ts";
import { environmentName, header, method, text } from "../command/value.ts";
import type { Context } from "../command/context.ts";
import { type EdgeAnswer, addressOf, headerText, readText, requestEdge } from "../edge/request.ts";
import { Failure, usageFailure } from "../failure.ts";

interface CurlReport {
  readonly url: string;
  readonly status: number;
  readonly served?: string | undefined;
  readonly headers: EdgeAnswer["headers"];
  readonly body: string;
}

export const envCurl: Command = command({
  path: ["env", "curl"],
  summary: "Request a path in an environment, also where *.localhost does not resolve",
  args: {
    name: argument(environmentName("NAME"), "the environment"),
  },
  options: {
    method: option(method, "default: GET, or POST with --data", { short: "-X" }),
    header: repeatable(header, "a header", { short: "-H" }),
    data: option({ ...text("TEXT"), mayBeEmpty: true }, "the body", { short: "-d" }),
    include: flag("print status and headers too", { short: "-i" }),
    fail: flag("exit 1 where the status is 400 or more"),
  },
  rest: { placeholder: "PATH", summary: "the path and query (default: /)" },
  formats: ["table", "json"],
  examples: [
    { text: "its front page", command: "cocktail env curl ops-101" },
    {
      text: "a checkout",
      command:
        "cocktail env curl ops-101 -X POST -d '{\"items\":1}' -H 'content-type: application/json' -- /checkout",
    },
  ],
  run: async (context, { args, options, rest }): Promise<CurlReport | undefined> => {
    if (rest.length > 1)
      throw usageFailure(
        `more than a path after --: ${rest.join(" ")}`,
        "options go before --: cocktail env curl NAME -i -- /path",
      );
    const { api } = await context.connect();
    const [environment, status] = await Promise.all([
      api.environment(args.name, { signal: context.signal }),
      api.status({ signal: context.signal }),
    ]);
    if (environment.url === undefined) throw noEntry(args.name);
    const url = new URL(rest[0] ?? "/", environment.url);
    if (url.host !== new URL(environment.url).host)
      throw usageFailure(`"${rest[0] ?? ""}" is not a path`, "a path begins with one /");
    const answer = await requestEdge({
      url,
      connectTo: addressOf(new URL(status.edge).hostname),
      method: options.method,
      headers: Object.fromEntries(options.header),
      body: options.data,
      signal: context.signal,
    });
    const failed = options.fail && answer.status >= 400;
    if (context.format === "json") {
      const served = headerText(answer.headers, defaultHeaderNames.served);
      const report = {
        url: url.href,
        status: answer.status,
        served,
        headers: answer.headers,
        body: await readText(answer),
      };
      if (!failed) return report;
      await context.write(`${JSON.stringify(report, null, 2)}\n`);
    } else await print(answer, options.include, context.write);
    if (failed)
      throw new Failure({
        code: "REQUEST_FAILED",
        message: `${url.href} answered ${answer.status}`,
        fix: `cocktail route trace ${url.href}`,
      });
    return undefined;
  },
});

async function print(answer: EdgeAnswer, include: boolean, write: Context["write"]): Promise<void> {
  if (include) {
    await write(`HTTP/1.1 ${answer.status}\n`);
    for (const name of Object.keys(answer.headers))
      await write(`${name}: ${headerText(answer.headers, name) ?? ""}\n`);
    await write("\n");
  }
  for await (const chunk of answer.body) await write(chunk);
}

function noEntry(name: string): Failure {
  return new Failure({
    code: "NO_URL",
    message: `environment/${name} is not reachable from outside`,
    fix: "give an entry service `entry: true` in cocktail.yaml",
  });
}
