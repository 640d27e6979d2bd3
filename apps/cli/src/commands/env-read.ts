import type { Environment } from "@cocktail/client";
import { type Command, command } from "../command/command.ts";
import { argument, option } from "../command/option.ts";
import { environmentName, service } from "../command/value.ts";
import { Failure } from "../failure.ts";
import { explanationFix } from "../fixes.ts";
import { line, span } from "../output/view.ts";
import { environmentDetails, environmentTable } from "../views/environment-view.ts";
import { watchOption, watchRows } from "../watch/watch-rows.ts";

const name = {
  name: argument(environmentName("NAME"), "the environment"),
} as const;

export const envList: Command = command({
  path: ["env", "list"],
  summary: "List the environments: built-in, implicit (of a key) and explicit",
  options: watchOption,
  examples: [
    { text: "with their URLs", command: "cocktail env list -o wide" },
    { text: "print each change", command: "cocktail env list --watch" },
    {
      text: "those that expire",
      command: "cocktail env list -o json | jq '.[] | select(.expiresAt) | {name, expiresAt}'",
    },
  ],
  follow: (context, { options }) =>
    options.watch
      ? watchRows(context, {
          read: (api, signal) => api.environments({ signal }),
          table: environmentTable,
        })
      : undefined,
  run: async (context): Promise<readonly Environment[]> => {
    const { api } = await context.connect();
    return await api.environments({ signal: context.signal });
  },
  view: (environments, { now }) => [environmentTable(environments, now())],
  names: (environments) => environments.map((environment) => `environment/${environment.name}`),
});

export const envGet: Command = command({
  path: ["env", "get"],
  summary: "Show an environment: which variant and layer serve each service",
  args: name,
  options: watchOption,
  examples: [
    { text: "all its details", command: "cocktail env get ops-101" },
    { text: "as data", command: "cocktail env get ops-101 -o json" },
    { text: "watch it become ready", command: "cocktail env get ops-101 --watch" },
  ],
  follow: (context, { args, options }) =>
    options.watch
      ? watchRows(context, {
          read: async (api, signal) =>
            (await api.environments({ signal })).filter((each) => each.name === args.name),
          table: environmentTable,
        })
      : undefined,
  run: async (context, { args }) => {
    const { api } = await context.connect();
    return await api.environment(args.name, { signal: context.signal });
  },
  view: (environment, { now }) => environmentDetails(environment, now()),
  names: (environment) => [`environment/${environment.name}`],
});

export const envExplain: Command = command({
  path: ["env", "explain"],
  summary: "Explain why an environment is not ready, and how to fix it",
  args: name,
  examples: [
    { text: "the cause and the fix", command: "cocktail env explain ops-101" },
    { text: "the fix alone", command: "cocktail env explain ops-101 -o json | jq -r .fix" },
  ],
  run: async (context, { args }) => {
    const { api } = await context.connect();
    const explanation = await api.explain(args.name, { signal: context.signal });
    return { ...explanation, fix: explanationFix(explanation) };
  },
  view: ({ ready, reason, cause, blocks, fix, environment }) => {
    const verdict = ready ? span("good", " is ready") : span("bad", " is not ready");
    return [
      line(span("strong", `environment/${environment.name}`), verdict, ready ? "" : `: ${reason}`),
      {
        kind: "fields",
        fields: [
          ...(ready || cause === "" ? [] : [["cause", cause] as const]),
          ...(blocks.length === 0 ? [] : [["blocks", blocks.join(", ")] as const]),
          ...(fix === "" ? [] : [["fix", fix] as const]),
        ],
      },
    ];
  },
  names: ({ environment }) => [`environment/${environment.name}`],
});

export const envUrl: Command = command({
  path: ["env", "url"],
  summary: "Print the URL of an environment for a browser; no header needed",
  args: name,
  options: {
    service: option(service, "of this entry service instead of the first"),
  },
  examples: [
    { text: "in a script", command: 'curl "$(cocktail env url ops-101)"' },
    {
      text: "of another entry service",
      command: "cocktail env url ops-101 --service order-service",
    },
  ],
  run: async (context, { args, options }) => {
    const { api } = await context.connect();
    const environment = await api.environment(args.name, { signal: context.signal });
    if (options.service === undefined) {
      if (environment.url !== undefined) return { name: args.name, url: environment.url };
      throw noUrl(`environment/${args.name}`);
    }
    const service = await api.service(options.service, { signal: context.signal });
    if (service.url === undefined) throw noUrl(service.name);
    const url = new URL(service.url);
    url.hostname = `${args.name}.${url.hostname}`;
    return { name: args.name, url: url.origin };
  },
  view: ({ url }) => [line(url)],
  names: ({ url }) => [url],
});

function noUrl(what: string): Failure {
  return new Failure({
    code: "NO_URL",
    message: `${what} is not reachable from outside`,
    fix: "set `entry: true` on an entry service in cocktail.yaml",
  });
}
