-- Up Migration

-- The head: one row, locked by every append. The tag of an installation is random at genesis, so that a reader
-- of another one, or of this one before a purge, notices.
CREATE TABLE table_head (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  epoch bigint NOT NULL,
  tag text NOT NULL CHECK (tag ~ '^[0-9a-f]{8}$'),
  history_floor bigint NOT NULL DEFAULT 0,
  CHECK (0 <= history_floor AND history_floor <= epoch)
);

-- One row an epoch, down to the history floor.
CREATE TABLE table_epoch (
  epoch bigint PRIMARY KEY,
  tag text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- History as intervals: a row holds in every epoch e with from_epoch <= e < to_epoch; NULL is "still".
CREATE TABLE table_variant (
  service text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  from_epoch bigint NOT NULL,
  to_epoch bigint,
  document jsonb NOT NULL,
  PRIMARY KEY (service, key, from_epoch),
  CHECK (from_epoch < to_epoch)
);
CREATE UNIQUE INDEX table_variant_current ON table_variant (service, key) WHERE to_epoch IS NULL;
CREATE INDEX table_variant_ended ON table_variant (to_epoch) WHERE to_epoch IS NOT NULL;

CREATE TABLE table_environment (
  name text COLLATE "C" NOT NULL,
  from_epoch bigint NOT NULL,
  to_epoch bigint,
  document jsonb NOT NULL,
  PRIMARY KEY (name, from_epoch),
  CHECK (from_epoch < to_epoch)
);
CREATE UNIQUE INDEX table_environment_current ON table_environment (name) WHERE to_epoch IS NULL;
CREATE INDEX table_environment_ended ON table_environment (to_epoch) WHERE to_epoch IS NOT NULL;

WITH genesis AS (
  INSERT INTO table_head (epoch, tag)
  VALUES (0, substr(replace(gen_random_uuid()::text, '-', ''), 1, 8))
  RETURNING epoch, tag
)
INSERT INTO table_epoch (epoch, tag) SELECT epoch, tag FROM genesis;
INSERT INTO table_environment (name, from_epoch, document)
VALUES ('rc', 0, '{"parent": "stable", "members": {}}');
