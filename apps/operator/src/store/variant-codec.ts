import { isEqualDocument, type VariantSpec, type VariantStatus } from "@cocktail/environment";
import { formatVariant, parseVariant } from "@cocktail/route";
import { type Codec, rawSpec, type Reading, type Seen, whyNot } from "./codec.ts";
import { ownConditions, withForeign } from "./conditions.ts";
import { type Fields, isFields } from "@cocktail/mesh";
import { defined, withFields } from "./fields.ts";
import {
  type VariantFields,
  type VariantStatusFields,
  variantModel,
} from "./model/service-variant.ts";
import { createdAtOf } from "./object-meta.ts";
import { serviceVariants } from "./resources.ts";
import { epochMs, expiryOf, lifetimeFields, timeText } from "./times.ts";
import { rolloutOf, sourceFields, sourceOf } from "./variant-source.ts";

export const variantCodec: Codec<"ServiceVariant"> = {
  resource: serviceVariants,
  namespace: ({ scope }) => (scope === "cluster" ? undefined : scope.namespace),
  refOf: (name, { scope, namespaceOf }) => {
    const pin = parseVariant(name);
    if (pin === undefined) return undefined;
    const namespace = namespaceOf(pin.service);
    const isInScope = scope === "cluster" || scope.namespace === namespace;
    return isInScope ? { namespace, name: `${pin.service}.${pin.key}` } : undefined;
  },
  read: (raw) => {
    const found = variantModel.safeParse(raw);
    if (!found.success) return whyNot(found.error);
    const { spec, status } = found.data;
    return readVariant(raw.metadata.name, { spec, status, createdAt: createdAtOf(raw) });
  },
  specOf,
  statusOf,
};

interface Found {
  readonly spec: VariantFields;
  readonly status: VariantStatusFields | undefined;
  readonly createdAt: number;
}

function readVariant(objectName: string, { spec, status, createdAt }: Found): Reading {
  const { service, variant, branch, onUnavailable, endpoints, internal = {} } = spec;
  const { madeFor, entryHash, promotion, discard } = internal;
  // As the definition demands. An object from before it did may have another name.
  if (objectName !== `${service}.${variant}`)
    return { kind: "unreadable", why: "metadata.name is not <spec.service>.<spec.variant>" };
  const read = {
    service,
    key: variant,
    rollout: rolloutOf(spec, status?.rolloutOf).number,
    source: sourceOf(spec),
    branch,
    onUnavailable,
    endpoints,
    expiresAt: expiryOf(spec, createdAt),
    ...{ madeFor, entryHash, promotion, discard },
  };
  return {
    kind: "read",
    name: formatVariant(service, variant),
    spec: defined(read),
    status: status === undefined ? undefined : readStatus(status),
  };
}

/** Undefined unless the engine wrote it. */
function readStatus(found: VariantStatusFields): Fields | undefined {
  const { observedGeneration, conditions = [], incarnations = [], lastIncarnation = 0 } = found;
  if (observedGeneration === undefined) return undefined;
  return defined({
    observedGeneration,
    conditions: ownConditions(conditions),
    url: found.url,
    incarnations: incarnations.map(({ createdAt, failure, ...rest }) => ({
      ...rest,
      createdAt: epochMs(createdAt),
      ...(failure === undefined ? {} : { failure: { ...failure, at: epochMs(failure.at) } }),
    })),
    lastIncarnation,
    revision: found.revision,
  });
}

function specOf(
  given: VariantSpec,
  before: { readonly name: string } | Seen<"ServiceVariant">,
): Fields {
  const spec = rawSpec(before);
  const read = "object" in before ? before.object.spec : undefined;
  const isSameSource = isEqualDocument(read?.source, given.source);
  const isSameRollout = isSameSource && read?.rollout === given.rollout;
  const { source, ...fields } = sourceFields(given.source);
  const { madeFor, entryHash, promotion, discard } = given;
  const internal = { madeFor, entryHash, promotion, discard };
  return withFields(spec, {
    service: given.service,
    variant: given.key,
    // A count that the operator made up for a user stays out of what the user wrote.
    ...(isSameRollout ? {} : { rollout: given.rollout }),
    ...(isSameSource ? {} : fields),
    branch: given.branch,
    onUnavailable: given.onUnavailable,
    endpoints: given.endpoints,
    ...(read !== undefined && read.expiresAt === given.expiresAt
      ? {}
      : lifetimeFields(given.expiresAt)),
    internal: internalOf(spec["internal"], isSameSource ? internal : { ...internal, source }),
  });
}

/** Absent if it is empty: a user who applies the object again has nothing to wonder about. */
function internalOf(before: unknown, changes: Fields): Fields | undefined {
  const after = withFields(isFields(before) ? before : {}, changes);
  return Object.keys(after).length === 0 ? undefined : after;
}

function statusOf(given: VariantStatus, { raw, object }: Seen<"ServiceVariant">): Fields {
  // As it was read: otherwise there would be no `object`.
  const { spec, status } = variantModel.parse(raw);
  const { expiresAt } = object.spec;
  return defined({
    observedGeneration: given.observedGeneration,
    conditions: withForeign(given.conditions, status?.conditions ?? []),
    url: given.url,
    expiresAt: expiresAt === undefined ? undefined : timeText(expiresAt),
    incarnations: given.incarnations.map(({ createdAt, failure, ...rest }) => ({
      ...rest,
      createdAt: timeText(createdAt),
      ...(failure === undefined ? {} : { failure: { ...failure, at: timeText(failure.at) } }),
    })),
    lastIncarnation: given.lastIncarnation,
    revision: given.revision,
    rolloutOf: rolloutOf(spec, status?.rolloutOf),
  });
}
