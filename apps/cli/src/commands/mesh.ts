import { resolve } from "node:path";
import {
  defaultMeshNames,
  hasDelegateLine,
  isVirtualService,
  type KubeObject,
  renderMeshFilter,
  renderRegexForm,
  renderTableForm,
  UnsupportedService,
  withDelegate,
} from "@cocktail/mesh";
import type { Pin } from "@cocktail/route";
import { type Command, command } from "../command/command.ts";
import { option, optionWithDefault, repeatable } from "../command/option.ts";
import { choice, file, text, variant } from "../command/value.ts";
import { usageFailure } from "../failure.ts";
import { meshServices } from "../mesh/mesh-services.ts";
import { invalid, readObjects, readText } from "../mesh/read-objects.ts";
import { parseTable, tableOf } from "../mesh/table.ts";

/** What kubectl applies at once. */
interface ObjectList {
  readonly apiVersion: "v1";
  readonly kind: "List";
  readonly items: readonly KubeObject[];
}

const list = (items: readonly KubeObject[]): ObjectList => ({
  apiVersion: "v1",
  kind: "List",
  items,
});
const names = ({ items }: ObjectList): readonly string[] =>
  items.map(({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name}`);
const filename = repeatable(
  file("FILE"),
  "Kubernetes objects in YAML or JSON; - is standard input",
  {
    short: "-f",
  },
);
const formats = ["yaml", "json", "name"] as const;

export const meshRender: Command = command({
  path: ["mesh", "render"],
  summary: "Print the Istio objects that route services by a route table; needs no cluster",
  details: [
    "The files hold each service's VirtualService, with the delegate line that cocktail mesh chart writes, and its Service. The table is made of the given variants, each key being an environment of its own, or read from a file.",
    "The objects come in the order of writing: what a table names must be there before the table.",
  ],
  options: {
    filename,
    variant: repeatable(variant, "a branch's variant that is live"),
    form: optionWithDefault(
      choice(["table", "regex"]),
      "table",
      "table needs an EnvoyFilter in Istio's root namespace; regex, one route a variant, is for up to some 50 behind an edge",
    ),
    table: option(
      file("FILE"),
      "a route table, as GET /v1/route-table answers it, instead of --variant",
    ),
  },
  target: "none",
  formats,
  examples: [
    {
      text: "one branch of one service, applied",
      command:
        "cocktail mesh render -f payment-service.yaml --variant payment-service:mp-101 | kubectl apply -f -",
    },
    {
      text: "by the table of a running cocktail",
      command:
        "curl -s localhost:8081/v1/route-table | cocktail mesh render -f shop.yaml --table -",
    },
  ],
  run: async ({ cwd }, { options: { filename: files, form, table: path, variant: variants } }) => {
    requireFiles(files);
    const services = meshServices(await readObjects(files, cwd));
    if (services.length === 0)
      throw invalid(
        `no VirtualService with the delegate line in ${files.join(", ")}; cocktail mesh chart -f FILE adds it`,
      );
    const known = services.map(({ name }) => name);
    if (path !== undefined && variants.length > 0)
      throw usageFailure("--table and --variant exclude each other", "give one of them");
    requireKnown(variants, known);
    const table =
      path === undefined
        ? tableOf(known, variants)
        : await parseTable(
            await readText(path, cwd),
            path === "-" ? "standard input" : resolve(cwd, path),
          );
    const render = form === "table" ? renderTableForm : renderRegexForm;
    return list(services.flatMap((one) => supported(() => render(one, table, defaultMeshNames))));
  },
  names,
});

export const meshChart: Command = command({
  path: ["mesh", "chart"],
  summary: "Print VirtualServices with the static block that a service's chart needs, once",
  details: [
    "Each VirtualService gets the gate (its own routes, for requests without a route), the delegate line and its own routes. The filter of the mesh comes first; it is installed once in Istio's root namespace.",
  ],
  options: {
    filename,
    service: option(
      text("SERVICE"),
      "the service's name where its VirtualService has another one; for a single VirtualService",
    ),
  },
  target: "none",
  formats,
  examples: [
    { text: "look", command: "cocktail mesh chart -f payment-service.yaml" },
    {
      text: "apply to a cluster",
      command: "cocktail mesh chart -f shop.yaml | kubectl apply -f -",
    },
  ],
  run: async ({ cwd }, { options: { filename: files, service } }) => {
    requireFiles(files);
    const found = (await readObjects(files, cwd))
      .map(({ object }) => object)
      .filter(isVirtualService);
    if (found.length === 0)
      throw invalid(`no VirtualService with http routes in ${files.join(", ")}`);
    if (service !== undefined && found.length > 1)
      throw usageFailure(`--service names one of ${found.length} VirtualServices`, "give one file");
    const charts = found.map((one) =>
      hasDelegateLine(one)
        ? one
        : supported(() => withDelegate(one, service ?? one.metadata.name, defaultMeshNames)),
    );
    return list([renderMeshFilter(defaultMeshNames), ...charts]);
  },
  names,
});

/** What a service's objects have that can't be rendered is the user's to change. */
function supported<T>(render: () => T): T {
  try {
    return render();
  } catch (error) {
    throw error instanceof UnsupportedService ? invalid(error.message) : error;
  }
}

function requireFiles(files: readonly string[]): void {
  if (files.length === 0)
    throw usageFailure("no file is given", "give the service's objects: -f payment-service.yaml");
}

function requireKnown(variants: readonly Pin[], known: readonly string[]): void {
  const unknown = variants.find(({ service }) => !known.includes(service));
  if (unknown !== undefined)
    throw usageFailure(
      `--variant ${unknown.service}:${unknown.key}: the files describe no service ${unknown.service}`,
      `they describe ${known.join(", ")}; add the file of the other`,
    );
}
