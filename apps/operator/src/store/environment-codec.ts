import { type EnvironmentSpec, isEqualDocument } from "@cocktail/environment";
import { isKey } from "@cocktail/route";
import { type Codec, rawSpec, type Reading, type Seen, whyNot } from "./codec.ts";
import { ownConditions, withForeign } from "./conditions.ts";
import { type Fields, isFields } from "@cocktail/mesh";
import { defined, withFields } from "./fields.ts";
import { environmentModel } from "./model/environment.ts";
import { createdAtOf } from "./object-meta.ts";
import { environments } from "./resources.ts";
import { expiryOf, lifetimeFields, timeText } from "./times.ts";

export const environmentCodec: Codec<"Environment"> = {
  resource: environments,
  namespace: ({ home }) => home,
  refOf: (name, { home }) => (isKey(name) ? { namespace: home, name } : undefined),
  read: (raw): Reading => {
    const found = environmentModel.safeParse(raw);
    if (!found.success) return whyNot(found.error);
    const { spec, status } = found.data;
    const { parent, members, onDelete } = spec;
    return {
      kind: "read",
      name: raw.metadata.name,
      spec: defined({
        parent,
        members: Object.fromEntries(members.map(({ service, variant }) => [service, variant])),
        expiresAt: expiryOf(spec, createdAtOf(raw)),
        onDelete,
      }),
      status:
        status?.observedGeneration === undefined
          ? undefined
          : defined({
              observedGeneration: status.observedGeneration,
              conditions: ownConditions(status.conditions ?? []),
              url: status.url,
            }),
    };
  },
  specOf,
  statusOf: (given, { raw, object }) => {
    const { expiresAt, members } = object.spec;
    const { status } = environmentModel.parse(raw);
    const count = Object.keys(members).length;
    return defined({
      observedGeneration: given.observedGeneration,
      conditions: withForeign(given.conditions, status?.conditions ?? []),
      url: given.url,
      expiresAt: expiresAt === undefined ? undefined : timeText(expiresAt),
      memberSummary: `${count} ${count === 1 ? "member" : "members"}`,
    });
  },
};

function specOf(
  given: EnvironmentSpec,
  before: { readonly name: string } | Seen<"Environment">,
): Fields {
  const spec = rawSpec(before);
  const read = "object" in before ? before.object.spec : undefined;
  return withFields(spec, {
    parent: given.parent,
    ...(isEqualDocument(read?.members, given.members)
      ? {}
      : { members: membersOf(given.members, spec["members"]) }),
    ...(read !== undefined && read.expiresAt === given.expiresAt
      ? {}
      : lifetimeFields(given.expiresAt)),
    onDelete: given.onDelete,
  });
}

/** In the order that they had, with what else they had; new ones at the end. */
function membersOf(members: EnvironmentSpec["members"], before: unknown): readonly Fields[] {
  const wanted = new Map(Object.entries(members));
  const listed = (Array.isArray(before) ? before : []).filter(isFields);
  const kept = listed.flatMap((entry) => {
    const { service } = entry;
    const variant = typeof service === "string" ? wanted.get(service) : undefined;
    if (typeof service !== "string" || variant === undefined) return [];
    wanted.delete(service);
    return [{ ...entry, variant }];
  });
  return [...kept, ...[...wanted].map(([service, variant]) => ({ service, variant }))];
}
