import type { KubeObject, Resource } from "@cocktail/kubernetes";
import type { z } from "zod";
import { environmentModel } from "../model/environment.ts";
import { recordModel } from "../model/record.ts";
import { variantModel } from "../model/service-variant.ts";
import { environments, group, records, serviceVariants, version } from "../resources.ts";
import { structuralSchema } from "./structural.ts";

interface Column {
  readonly name: string;
  readonly type: "string" | "date" | "integer";
  readonly jsonPath: string;
  /** 1: only with `-o wide`. */
  readonly priority?: number;
}

const text = (name: string, jsonPath: string): Column => ({ name, type: "string", jsonPath });
const ready = (name: string, field: string): Column =>
  text(name, `.status.conditions[?(@.type=="Ready")].${field}`);
const age: Column = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };
const expires = text("Expires", ".status.expiresAt");

interface Definition {
  readonly resource: Resource;
  readonly model: z.ZodType;
  readonly names?: {
    readonly shortNames: readonly string[];
    readonly categories: readonly string[];
  };
  readonly columns: readonly Column[];
}

const all: readonly Definition[] = [
  {
    resource: serviceVariants,
    model: variantModel,
    names: { shortNames: ["svar"], categories: ["cocktail"] },
    columns: [
      text("Service", ".spec.service"),
      text("Variant", ".spec.variant"),
      text("Revision", ".status.revision"),
      ready("Ready", "status"),
      ready("Reason", "reason"),
      expires,
      age,
    ],
  },
  {
    resource: environments,
    model: environmentModel,
    names: { shortNames: ["benv"], categories: ["cocktail"] },
    columns: [
      text("Parent", ".spec.parent"),
      ready("Ready", "status"),
      ready("Reason", "reason"),
      text("Members", ".status.memberSummary"),
      expires,
      age,
      { ...text("URL", ".status.url"), priority: 1 },
    ],
  },
  {
    resource: records,
    model: recordModel,
    columns: [text("Kind", ".spec.kind"), text("Name", ".spec.name"), age],
  },
];

/** The CustomResourceDefinitions, by the name of their file in the chart. */
export const definitions: Readonly<Record<string, KubeObject>> = Object.fromEntries(
  all.map((each) => {
    const definition = definitionOf(each);
    return [`${definition.metadata.name}.yaml`, definition];
  }),
);

function definitionOf({ resource, model, names, columns }: Definition): KubeObject {
  const { kind, plural } = resource;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${plural}.${group}`,
      labels: { "app.kubernetes.io/part-of": "cocktail" },
    },
    spec: {
      group,
      scope: "Namespaced",
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase(), ...names },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns,
          schema: { openAPIV3Schema: withTypeMeta(structuralSchema(model)) },
        },
      ],
    },
  };
}

/** What every object of Kubernetes has. The API server checks it itself. */
function withTypeMeta(schema: Readonly<Record<string, unknown>>): object {
  const properties = schema["properties"];
  return {
    ...schema,
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
      ...(typeof properties === "object" ? properties : {}),
    },
  };
}
