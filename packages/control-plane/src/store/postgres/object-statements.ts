/** The statements about objects. One statement reads one snapshot. */
export interface ObjectStatements {
  readonly get: string;
  readonly list: string;
  readonly version: string;
  readonly changes: string;
  readonly lock: string;
  readonly insert: string;
  readonly update: string;
  readonly remove: string;
  readonly notify: string;
  readonly prune: string;
}

/** `schema` is a plain identifier: see `compilePostgresOptions`. */
export function objectStatements(schema: string): ObjectStatements {
  const object = `${schema}.object`;
  const head = `${schema}.object_head`;
  return {
    /** $1 the kind, $2 the name. */
    get: `SELECT document FROM ${object} WHERE kind = $1 AND name = $2 AND removed_at IS NULL`,
    /** $1 the kind. */
    list: `
      SELECT h.version::text AS version, (
        SELECT coalesce(jsonb_agg(document), '[]') FROM ${object}
        WHERE kind = $1 AND removed_at IS NULL
      ) AS documents
      FROM ${head} h`,
    version: `SELECT version::text AS version, floor::text AS floor FROM ${head}`,
    /** $1 a version: everything that was written after it, in order. */
    changes: `
      SELECT o.version::text AS version, document, removed_at IS NOT NULL AS removed
      FROM ${object} o WHERE o.version > $1 ORDER BY o.version`,
    /** Orders the writers, so that versions are seen in the order in which they were made. */
    lock: `UPDATE ${head} SET version = version + 1 RETURNING version::text AS version`,
    /** $1 the uid, $2 the kind, $3 the name, $4 the version, $5 the document. */
    insert: `INSERT INTO ${object} (uid, kind, name, version, document) VALUES ($1, $2, $3, $4, $5)`,
    /** $1 the uid, $2 the version, $3 the document. */
    update: `UPDATE ${object} SET version = $2, document = $3 WHERE uid = $1`,
    /** $1 the uid, $2 the version. */
    remove: `UPDATE ${object} SET version = $2, removed_at = clock_timestamp() WHERE uid = $1`,
    /** $1 the channel. The notification leaves with the commit. */
    notify: `SELECT pg_notify($1, 'objects')`,
    /** $1 a time: removals before it are forgotten, and a watch from before them has to list again. */
    prune: `
      WITH gone AS (
        DELETE FROM ${object} WHERE removed_at < $1 RETURNING version
      )
      UPDATE ${head} SET floor = greatest(floor, (SELECT coalesce(max(version), 0) FROM gone))`,
  };
}
