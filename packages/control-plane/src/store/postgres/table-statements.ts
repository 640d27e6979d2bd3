/** The statements about the route table. One statement reads one snapshot, so a table is always read by one. */
export interface TableStatements {
  readonly version: string;
  readonly lockHead: string;
  readonly head: string;
  readonly at: string;
  readonly endVariants: string;
  readonly beginVariants: string;
  readonly endEnvironments: string;
  readonly beginEnvironments: string;
  readonly advance: string;
  readonly prune: string;
}

/** `schema` is a plain identifier: see `compilePostgresOptions`. */
export function tableStatements(schema: string): TableStatements {
  const variant = `${schema}.table_variant`;
  const environment = `${schema}.table_environment`;
  return {
    version: versionOf(schema),
    lockHead: `${versionOf(schema)} FOR UPDATE`,
    head: tableOf(schema, "h.epoch", "h.tag", "to_epoch IS NULL"),
    at: `
      ${tableOf(schema, "e.epoch", "e.tag", "from_epoch <= $1 AND (to_epoch IS NULL OR to_epoch > $1)")}
      JOIN ${schema}.table_epoch e ON e.epoch = $1`,
    endVariants: end(variant, ["service", "key"]),
    beginVariants: begin(variant, ["service", "key"]),
    endEnvironments: end(environment, ["name"]),
    beginEnvironments: begin(environment, ["name"]),
    advance: advance(schema),
    prune: prune(schema),
  };
}

function versionOf(schema: string): string {
  return `
    SELECT jsonb_build_object('epoch', epoch, 'tag', tag, 'historyFloor', history_floor) AS document
    FROM ${schema}.table_head`;
}

function tableOf(schema: string, epoch: string, tag: string, holds: string): string {
  return `
    SELECT jsonb_build_object(
      'epoch', ${epoch}, 'tag', ${tag}, 'resolver', 1, 'historyFloor', h.history_floor,
      'services', (
        SELECT coalesce(jsonb_object_agg(service, variants), '{}') FROM (
          SELECT service, jsonb_object_agg(key, document) AS variants
          FROM ${schema}.table_variant WHERE ${holds} GROUP BY service
        ) s
      ),
      'environments', (
        SELECT coalesce(jsonb_object_agg(name, document), '{}')
        FROM ${schema}.table_environment WHERE ${holds}
      )
    ) AS document
    FROM ${schema}.table_head h`;
}

/** $1 the epoch, $2 a list of what ends with it. */
function end(table: string, columns: readonly string[]): string {
  const types = columns.map((column) => `${column} text`).join(", ");
  const matches = columns.map((column) => `t.${column} = e.${column}`).join(" AND ");
  return `
    UPDATE ${table} t SET to_epoch = $1
    FROM jsonb_to_recordset($2::jsonb) AS e(${types})
    WHERE t.to_epoch IS NULL AND ${matches}`;
}

/** $1 the epoch, $2 a list of what begins with it. */
function begin(table: string, columns: readonly string[]): string {
  const types = columns.map((column) => `${column} text`).join(", ");
  return `
    INSERT INTO ${table} (${columns.join(", ")}, from_epoch, document)
    SELECT ${columns.map((column) => `e.${column}`).join(", ")}, $1, e.document
    FROM jsonb_to_recordset($2::jsonb) AS e(${types}, document jsonb)`;
}

/** $1 the epoch, $2 its tag, $3 the channel. The notification leaves with the commit. */
function advance(schema: string): string {
  return `
    WITH moved AS (
      UPDATE ${schema}.table_head SET epoch = $1, tag = $2 RETURNING epoch, tag
    ), kept AS (
      INSERT INTO ${schema}.table_epoch (epoch, tag) SELECT epoch, tag FROM moved RETURNING epoch
    )
    SELECT pg_notify($3, epoch::text) FROM kept`;
}

/** $1 a time: the table that was current then becomes the oldest one kept. */
function prune(schema: string): string {
  return `
    WITH floor AS (
      UPDATE ${schema}.table_head SET history_floor = greatest(history_floor, (
        SELECT coalesce(max(epoch), 0) FROM ${schema}.table_epoch WHERE created_at <= $1
      ))
      RETURNING history_floor AS epoch
    ), variants AS (
      DELETE FROM ${schema}.table_variant USING floor WHERE to_epoch <= floor.epoch
    ), environments AS (
      DELETE FROM ${schema}.table_environment USING floor WHERE to_epoch <= floor.epoch
    ), epochs AS (
      DELETE FROM ${schema}.table_epoch e USING floor WHERE e.epoch < floor.epoch
    )
    SELECT to_jsonb(epoch) AS document FROM floor`;
}
