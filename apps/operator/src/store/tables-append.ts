import { diffTables, followingTable } from "@cocktail/control-plane/store";
import { formatVariant, type TableContent } from "@cocktail/route";
import type { Ended, TableHead } from "./tables-head.ts";

/** The head of the next epoch. Throws TABLE_INVALID for content that readers would reject. */
export function appendTable(head: TableHead, content: TableContent, now: number): TableHead {
  const table = followingTable(head.table, content);
  const { epoch: from, tag } = table;
  const change = diffTables(head.table, table);
  const ended = new Set(
    change.endedVariants.map(({ service, key }) => formatVariant(service, key)),
  );
  const endedNames = new Set(change.endedEnvironments.map(({ name }) => name));
  const variants = part(head.variants, from, (span) =>
    ended.has(formatVariant(span.service, span.key)),
  );
  const environments = part(head.environments, from, ({ name }) => endedNames.has(name));
  const { recent } = head;
  // Clocks of several writers differ; pruning by time needs an order.
  const at = Math.max(now, recent.epochs.at(-1)?.at ?? now);
  return {
    ...head,
    table,
    variants: [...variants.kept, ...change.begunVariants.map((entry) => ({ ...entry, from }))],
    environments: [
      ...environments.kept,
      ...change.begunEnvironments.map((entry) => ({ ...entry, from })),
    ],
    recent: {
      from: recent.from,
      epochs: [...recent.epochs, { tag, at }],
      variants: [...recent.variants, ...variants.ended],
      environments: [...recent.environments, ...environments.ended],
    },
  };
}

function part<S>(
  spans: readonly S[],
  to: number,
  isEnded: (span: S) => boolean,
): { readonly kept: readonly S[]; readonly ended: readonly Ended<S>[] } {
  return {
    kept: spans.filter((span) => !isEnded(span)),
    ended: spans.filter(isEnded).map((span) => ({ ...span, to })),
  };
}
