import {
  type Actor,
  type Change,
  type Condition,
  type EnvironmentSpec,
  type IncarnationRecord,
  type Kind,
  type Kinds,
  type ObjectMeta,
  type ObjectOf,
  type Reason,
  type ServiceSpec,
  type VariantSpec,
  kinds,
  reasons,
  variantStates,
} from "@cocktail/environment";
import { z } from "zod";
import { storeCorrupt } from "../errors.ts";
import { exactly } from "../schema/exactly.ts";

const names = z.record(z.string(), z.string());
const source = z.record(z.string(), z.unknown());
const onUnavailable = z.enum(["Fail", "Fallback"]);
const isReason = (text: unknown): text is Reason =>
  typeof text === "string" && Object.hasOwn(reasons, text);
const reason = z.custom<Reason>(isReason, "is not a known reason");

const serviceSpec = exactly<ServiceSpec>()(
  z.object({
    position: z.number(),
    entry: z.boolean(),
    protocol: z.enum(["auto", "http1", "h2c"]),
    source,
    entryHash: z.string(),
  }),
);

const variantSpec = exactly<VariantSpec>()(
  z.object({
    service: z.string(),
    key: z.string(),
    rollout: z.number(),
    source,
    branch: z.string().optional(),
    onUnavailable,
    madeFor: z.string().optional(),
    endpoints: z.array(z.string()).optional(),
    expiresAt: z.number().optional(),
    entryHash: z.string().optional(),
    promotion: z
      .object({
        candidate: z.object({ uid: z.string(), rollout: z.number() }),
        before: source.optional(),
        revision: z.string(),
        at: z.number(),
      })
      .optional(),
    discard: z.boolean().optional(),
  }),
);

const environmentSpec = exactly<EnvironmentSpec>()(
  z.object({
    parent: z.string(),
    members: names,
    expiresAt: z.number().optional(),
    onDelete: z.enum(["Destroy", "Discard", "Keep"]).optional(),
  }),
);

const condition = exactly<Condition>()(
  z.object({
    type: z.enum([
      "Ready",
      "WorkloadReady",
      "RoutesProgrammed",
      "VariantsReady",
      "Expiring",
      "Degraded",
    ]),
    status: z.enum(["True", "False", "Unknown"]),
    reason,
    message: z.string(),
    observedGeneration: z.number(),
    lastTransitionTime: z.string(),
  }),
);

const incarnation = exactly<IncarnationRecord>()(
  z.object({
    number: z.number(),
    rollout: z.number(),
    state: z.enum(variantStates),
    revision: z.string(),
    destination: z.string().optional(),
    host: z.string(),
    onUnavailable,
    endpoints: z.array(z.string()).optional(),
    createdAt: z.number(),
    failure: z.object({ reason, message: z.string(), at: z.number() }).optional(),
  }),
);

const observed = {
  observedGeneration: z.number(),
  conditions: z.array(condition),
  url: z.string().optional(),
};
const variantStatus = z.object({
  ...observed,
  incarnations: z.array(incarnation),
  lastIncarnation: z.number(),
  revision: z.string().optional(),
});

type Schemas = {
  readonly [K in Kind]: {
    readonly spec: z.ZodType<Kinds[K]["spec"]>;
    readonly status: z.ZodType<Kinds[K]["status"]>;
  };
};
const parts: Schemas = {
  Service: { spec: serviceSpec, status: z.object(observed) },
  ServiceVariant: { spec: variantSpec, status: variantStatus },
  Environment: { spec: environmentSpec, status: z.object(observed) },
  Ledger: { spec: z.object({}), status: z.object({ highest: z.number() }) },
};

const actor = exactly<Actor>()(
  z.object({ name: z.string(), groups: z.array(z.string()).optional() }),
);
const meta = exactly<ObjectMeta>()(
  z.object({
    name: z.string(),
    uid: z.string(),
    version: z.string(),
    generation: z.number(),
    labels: names,
    createdAt: z.number(),
    deletedAt: z.number().optional(),
    changedBy: exactly<Change>()(z.object({ actor, at: z.number() })).optional(),
  }),
);
const kindOf = z.object({ kind: z.enum(kinds) });

/** Parses a stored document. Throws STORE_CORRUPT if it is not in the format of this version. */
export function readObject<K extends Kind>(kind: K, document: unknown): ObjectOf<K> {
  const { spec, status } = parts[kind];
  const schema = z.object({ spec, status: status.optional() });
  const found = z.intersection(meta, schema).safeParse(document);
  if (found.success) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- just parsed by the schemas of this kind
    return { kind, ...found.data } as unknown as ObjectOf<K>;
  }
  const { path, message } = found.error.issues[0] ?? { path: [], message: "unknown" };
  const text = JSON.stringify(document).slice(0, 120);
  throw storeCorrupt(
    `a stored ${kind} is not in the format of this version: ${path.join(".")}: ${message} in ${text}`,
  );
}

export function kindOfDocument(document: unknown): Kind {
  const found = kindOf.safeParse(document);
  if (found.success) return found.data.kind;
  throw storeCorrupt(`a stored object has no kind: ${JSON.stringify(document).slice(0, 120)}`);
}
