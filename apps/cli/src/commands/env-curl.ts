import { printableJson } from "@cocktail/client/printable";
import { defaultHeaderNames } from "@cocktail/route";
import { type Command, command } from "../command/command.ts";
import { argument, flag, option, repeatable } from "../command/option.ts";
import { environmentName, header, method, text } from "../command/value.ts";
import type { Context } from "../command/context.ts";
import {
  type EdgeResponse,
  addressOf,
  headerText,
  readText,
  requestEdge,
} from "../edge/request.ts";
import { Failure, usageFailure } from "../failure.ts";

interface CurlReport {
  readonly url: string;
  readonly status: number;
  readonly served?: string | undefined;
  readonly headers: EdgeResponse["headers"];
  readonly body: string;
}

export const envCurl: Command = command({
  path: ["env", "curl"],
  summary: "Request a path in an environment, even if *.localhost does not resolve",
  args: {
    name: argument(environmentName("NAME"), "the environment"),
  },
  options: {
    method: option(method, "default: GET, or POST with --data", { short: "-X" }),
    header: repeatable(header, "a header", { short: "-H" }),
    data: option({ ...text("TEXT"), mayBeEmpty: true }, "the body", { short: "-d" }),
    include: flag("also print status and headers", { short: "-i" }),
    fail: flag("exit 1 if the status is 400 or more"),
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
        `expected one path after --, got: ${rest.join(" ")}`,
        "put options before --: cocktail env curl NAME -i -- /path",
      );
    const { api } = await context.connect();
    const [environment, status] = await Promise.all([
      api.environment(args.name, { signal: context.signal }),
      api.status({ signal: context.signal }),
    ]);
    if (environment.url === undefined) throw noEntry(args.name);
    const url = new URL(rest[0] ?? "/", environment.url);
    if (url.host !== new URL(environment.url).host)
      throw usageFailure(`"${rest[0] ?? ""}" is not a path`, "begin the path with a single /");
    const response = await requestEdge({
      url,
      connectTo: addressOf(new URL(status.edge).hostname),
      method: options.method,
      headers: Object.fromEntries(options.header),
      body: options.data,
      signal: context.signal,
    });
    const failed = options.fail && response.status >= 400;
    if (context.format === "json") {
      const served = headerText(response.headers, defaultHeaderNames.served);
      const report = {
        url: url.href,
        status: response.status,
        served,
        headers: response.headers,
        body: await readText(response),
      };
      if (!failed) return report;
      await context.write(`${printableJson(report, 2)}\n`);
    } else await print(response, options.include, context.write);
    if (failed)
      throw new Failure({
        code: "REQUEST_FAILED",
        message: `${url.href} responded with status ${response.status}`,
        fix: `cocktail route trace ${url.href}`,
      });
    return undefined;
  },
});

async function print(
  response: EdgeResponse,
  include: boolean,
  write: Context["write"],
): Promise<void> {
  if (include) {
    await write(`HTTP/1.1 ${response.status}\n`);
    for (const name of Object.keys(response.headers))
      await write(`${name}: ${headerText(response.headers, name) ?? ""}\n`);
    await write("\n");
  }
  for await (const chunk of response.body) await write(chunk);
}

function noEntry(name: string): Failure {
  return new Failure({
    code: "NO_URL",
    message: `environment/${name} is not reachable from outside`,
    fix: "set `entry: true` on an entry service in cocktail.yaml",
  });
}
