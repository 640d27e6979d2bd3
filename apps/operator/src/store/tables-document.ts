import { createHash } from "node:crypto";
import { storeCorrupt } from "@cocktail/control-plane/store";
import { z } from "zod";
import { tableOf } from "./tables-at.ts";
import { endOf, type HistoryPart, type SegmentRef, type TableHead } from "./tables-head.ts";

const format = 1;
const epoch = z.int().nonnegative();
const tag = z.string().regex(/^[0-9a-f]{8}$/);
const variant = z.object({
  service: z.string(),
  key: z.string(),
  from: epoch,
  document: z.unknown(),
});
const environment = z.object({ name: z.string(), from: epoch, document: z.unknown() });
const part = z
  .object({
    from: epoch,
    epochs: z.array(z.object({ tag, at: z.number() })).min(1),
    variants: z.array(variant.extend({ to: epoch })),
    environments: z.array(environment.extend({ to: epoch })),
  })
  .refine(
    (part) =>
      [...part.variants, ...part.environments].every(
        ({ from, to }) => from < to && to > part.from && to <= endOf(part),
      ),
    "has an entry that ends elsewhere",
  );
const segment = z.object({ name: z.string(), from: epoch, to: epoch, at: z.number() });
const headDocument = z.object({
  format: z.literal(format),
  history: tag,
  historyFloor: epoch,
  variants: z.array(variant),
  environments: z.array(environment),
  recent: part,
  segments: z.array(segment),
});
const segmentDocument = z.object({ format: z.literal(format), history: tag, part });

/** The epoch and the tag are the last ones of the recent history. */
export function formatHead({ table, ...head }: TableHead): string {
  return JSON.stringify({ format, historyFloor: table.historyFloor, ...head });
}

export function parseHead(text: string, what: string): TableHead {
  const { historyFloor, ...head } = parse(headDocument, text, what);
  const { recent, variants, environments, segments } = head;
  checkSequence({ historyFloor, segments, recent }, what);
  const version = { epoch: endOf(recent) - 1, tag: recent.epochs.at(-1)?.tag ?? "", historyFloor };
  const { history } = head;
  const table = tableOf(version, variants, environments);
  return { history, table, variants, environments, recent, segments };
}

/** The segments and the recent history follow each other, and reach down to the floor. */
function checkSequence(
  {
    historyFloor,
    segments,
    recent,
  }: {
    readonly historyFloor: number;
    readonly segments: readonly SegmentRef[];
    readonly recent: HistoryPart;
  },
  what: string,
): void {
  const starts = [...segments.map(({ from }) => from), recent.from];
  const fits = segments.every(({ from, to }, at) => from < to && to === starts[at + 1]);
  if (!fits || (starts[0] ?? 0) > historyFloor)
    throw storeCorrupt(`${what}: its history has a gap`);
}

export interface Segment {
  readonly ref: SegmentRef;
  readonly text: string;
}

/** Its name says what it holds, so that making it twice makes one. */
export function segmentOf(history: string, part: HistoryPart): Segment {
  const text = JSON.stringify({ format, history, part });
  const to = endOf(part);
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 12);
  const name = `${segmentPrefix}${history}-${part.from}-${to}-${digest}`;
  return { text, ref: { name, from: part.from, to, at: part.epochs[0]?.at ?? 0 } };
}

const segmentPrefix = "cocktail-table-";
const segmentName = /^cocktail-table-([0-9a-f]{8})-([0-9]{1,16})-[0-9]{1,16}-[0-9a-f]{12}$/;

/** What the name of a segment says; undefined for any other name. */
export function parseSegmentName(
  name: string,
): { readonly history: string; readonly from: number } | undefined {
  const [, history, from] = segmentName.exec(name) ?? [];
  return history === undefined ? undefined : { history, from: Number(from) };
}

export function parseSegment(text: string, { name, from, to }: SegmentRef): HistoryPart {
  const { part } = parse(segmentDocument, text, `ConfigMap ${name}`);
  if (part.from === from && endOf(part) === to) return part;
  throw storeCorrupt(`ConfigMap ${name} holds other epochs than its name says`);
}

function parse<T>(schema: z.ZodType<T>, text: string, what: string): T {
  const result = schema.safeParse(parseJson(text, what));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path.join(".") ?? "";
  throw storeCorrupt(
    `${what} is not in the format of this version: ${path} ${issue?.message ?? ""}`,
  );
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw storeCorrupt(`${what} holds no JSON`);
  }
}
