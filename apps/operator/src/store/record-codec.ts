import type { Kind } from "@cocktail/environment";
import { isServiceName } from "@cocktail/route";
import { type Codec, rawSpec, whyNot } from "./codec.ts";
import { withFields } from "./fields.ts";
import { recordModel } from "./model/record.ts";
import { records } from "./resources.ts";

type RecordKind = Extract<Kind, "Service" | "Ledger">;

/** A kind of the engine that no user writes: its documents as they are, each in a Record. */
export function recordCodec<K extends RecordKind>(kind: K): Codec<K> {
  return {
    resource: records,
    namespace: ({ home }) => home,
    refOf: (name, { home }) =>
      isServiceName(name) ? { namespace: home, name: `${kind.toLowerCase()}.${name}` } : undefined,
    read: (raw) => {
      const found = recordModel.safeParse(raw);
      if (!found.success) return whyNot(found.error);
      const { spec, status } = found.data;
      if (spec.kind !== kind) return { kind: "other" };
      if (raw.metadata.name !== `${kind.toLowerCase()}.${spec.name}`)
        return { kind: "unreadable", why: "metadata.name is not that of its kind and name" };
      return { kind: "read", name: spec.name, spec: spec.document, status: status?.document };
    },
    specOf: (document, before) =>
      withFields(rawSpec(before), { kind, name: before.name, document }),
    statusOf: (document) => ({ document }),
  };
}
