import { type Finding, formatObject, lint } from "@cocktail/mesh";
import { type Command, command } from "../command/command.ts";
import { option, repeatable } from "../command/option.ts";
import { file, text } from "../command/value.ts";
import { exitCodes } from "../exit-code.ts";
import { usageFailure } from "../failure.ts";
import { gap, line, span } from "../output/view.ts";
import { clusterObjects } from "../mesh/cluster-objects.ts";
import { type FileObject, readObjects } from "../mesh/read-objects.ts";

/** A finding and the place of its object: `shop.yaml:12`. */
interface PlacedFinding extends Finding {
  readonly at: string;
}

interface CheckReport {
  readonly objects: number;
  readonly findings: readonly PlacedFinding[];
}

export const meshCheck: Command = command({
  path: ["mesh", "check"],
  summary:
    "Find what keeps requests from reaching a variant, or from stable, in Kubernetes objects",
  details: [
    "Looks at Services, VirtualServices, DestinationRules, VirtualServiceMerges and Pods; other kinds are ignored. An object that is not given is not reported as missing, except for subsets that a route names. The exit code is 7 if there is a finding.",
  ],
  options: {
    filename: repeatable(file("FILE"), "Kubernetes objects in YAML or JSON; - is standard input", {
      short: "-f",
    }),
    context: option(
      text("NAME"),
      "read a cluster instead, by kubectl: a context of the kubeconfig",
    ),
    namespace: repeatable(text("NAME"), "with --context: only this namespace", { short: "-n" }),
    service: repeatable(
      text("NAMESPACE/NAME"),
      "a service that has variants; all that a VirtualService is for by default",
    ),
  },
  target: "none",
  examples: [
    { text: "files of a chart", command: "cocktail mesh check -f shop.yaml -f static.yaml" },
    { text: "a cluster", command: "cocktail mesh check --context dev" },
  ],
  run: async (
    { cwd, env },
    { options: { filename: files, service: services, context, namespace: namespaces } },
  ): Promise<CheckReport> => {
    if ((files.length === 0) === (context === undefined))
      throw usageFailure(
        "either files or a cluster is checked",
        "give files, -f shop.yaml, or a cluster, --context NAME",
      );
    if (context === undefined && namespaces.length > 0)
      throw usageFailure(
        "--namespace is for a cluster, and files are given",
        "leave it out, or give --context NAME in place of the files",
      );
    const read =
      context === undefined
        ? await readObjects(files, cwd)
        : await clusterObjects({ context, namespaces, env });
    const found = lint(
      read.map(({ object }) => object),
      services.length === 0 ? {} : { services },
    );
    const findings = found.map((one) => ({ ...one, at: placeOf(one, read) }));
    return { objects: read.length, findings };
  },
  view: ({ objects, findings }) =>
    findings.length === 0
      ? [line(span("good", "nothing found"), ` in ${objects} objects`)]
      : findings.flatMap(({ at, object, path, reason, message }, index) => [
          ...(index === 0 ? [] : [gap]),
          line(span("bad", reason), `  ${object} ${path}`, span("dim", `  ${at}`)),
          line(`  ${message}`),
        ]),
  names: ({ findings }) => findings.map(({ object, reason }) => `${reason} ${object}`),
  exitCode: ({ findings }) => (findings.length === 0 ? exitCodes.done : exitCodes.drift),
});

function placeOf({ object }: Finding, read: readonly FileObject[]): string {
  return read.find((one) => formatObject(one.object) === object)?.at ?? "";
}
