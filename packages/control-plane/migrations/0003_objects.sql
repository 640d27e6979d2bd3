-- Up Migration

-- Objects of one shape: a document each, written upon one version of it. The version counts writes; its row orders the
-- writers. Removals before the floor are forgotten.
CREATE TABLE object_head (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  version bigint NOT NULL DEFAULT 1,
  floor bigint NOT NULL DEFAULT 0
);
INSERT INTO object_head DEFAULT VALUES;

CREATE TABLE object (
  uid text PRIMARY KEY,
  kind text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  document jsonb NOT NULL,
  removed_at timestamptz
);
CREATE UNIQUE INDEX object_live ON object (kind, name) WHERE removed_at IS NULL;
CREATE INDEX object_changes ON object (version);

-- What the version before this one stored becomes objects. Its sources keep their members; the command and the variables
-- of a variant become members of its source.
CREATE FUNCTION pg_temp.epoch_ms() RETURNS bigint LANGUAGE sql AS
  $$ SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint $$;

INSERT INTO object (uid, kind, name, version, document)
SELECT uid, 'Service', name, 1, jsonb_build_object(
  'kind', 'Service', 'name', name, 'uid', uid, 'version', '1', 'generation', 1, 'labels', '{}'::jsonb,
  'createdAt', pg_temp.epoch_ms(),
  'spec', jsonb_build_object(
    'position', d->'position', 'entry', d->'entry', 'protocol', d->'protocol', 'entryHash', d->'entryHash',
    'source', jsonb_strip_nulls(d->'source' || jsonb_build_object('path', d->'path', 'command', d->'command'))))
FROM (SELECT name, document AS d, gen_random_uuid()::text AS uid FROM service) s;

CREATE TEMPORARY TABLE variant_uid ON COMMIT DROP AS
  SELECT service, key, gen_random_uuid()::text AS uid FROM variant;

INSERT INTO object (uid, kind, name, version, document)
SELECT u.uid, 'ServiceVariant', v.service || ':' || v.key, 1, jsonb_strip_nulls(jsonb_build_object(
  'kind', 'ServiceVariant', 'name', v.service || ':' || v.key, 'uid', u.uid, 'version', '1', 'generation', 1,
  'createdAt', v.document->'createdAt',
  'deletedAt', CASE WHEN (v.document->>'deleted')::boolean THEN to_jsonb(pg_temp.epoch_ms()) END,
  'spec', jsonb_build_object(
    'service', v.service, 'key', v.key, 'rollout', v.document->'generation',
    'branch', v.document->'branch', 'onUnavailable', v.document->'onUnavailable',
    'endpoints', v.document->'endpoints', 'expiresAt', v.document->'expiresAt',
    'discard', nullif(v.document->'discard', 'false'),
    'entryHash', CASE WHEN v.key = 'stable' THEN
      coalesce(nullif(v.document->'promotion'->'entryHash', '""'),
        (SELECT s.document->'entryHash' FROM service s WHERE s.name = v.service)) END,
    'promotion', CASE WHEN v.document ? 'promotion' THEN jsonb_build_object(
      'candidate', jsonb_build_object(
        'uid', coalesce((SELECT c.uid FROM variant_uid c WHERE c.service = v.service AND c.key = 'rc'), ''),
        'rollout', v.document->'promotion'->'rcGeneration'),
      'revision', v.document->'promotion'->'revision', 'at', v.document->'promotion'->'at') END)))
  || jsonb_build_object('labels', '{}'::jsonb)
FROM variant v JOIN variant_uid u USING (service, key);

-- Apart, because here an empty variable or list must stay.
UPDATE object o SET document = jsonb_set(jsonb_set(o.document,
  '{spec,source}', v.document->'source'
    || CASE WHEN jsonb_typeof(v.document->'command') = 'array'
         THEN jsonb_build_object('command', v.document->'command') ELSE '{}' END
    || CASE WHEN coalesce(v.document->'env', '{}') <> '{}'
         THEN jsonb_build_object('env', v.document->'env') ELSE '{}' END),
  '{status}', jsonb_build_object('observedGeneration', 0, 'conditions', '[]'::jsonb,
    'lastIncarnation', coalesce((SELECT c.incarnation FROM key_counter c
      WHERE c.service = v.service AND c.key = v.key), 0),
    'incarnations', coalesce((
      SELECT jsonb_agg((i.document - 'service' - 'key' - 'generation' - 'run')
        || jsonb_build_object('rollout', i.document->'generation', 'host', i.document->'run') ORDER BY i.number)
      FROM incarnation i WHERE i.service = v.service AND i.key = v.key), '[]')))
FROM variant v WHERE o.kind = 'ServiceVariant' AND o.name = v.service || ':' || v.key;

INSERT INTO object (uid, kind, name, version, document)
SELECT uid, 'Environment', name, 1, jsonb_strip_nulls(jsonb_build_object(
  'kind', 'Environment', 'name', name, 'uid', uid, 'version', '1', 'generation', d->'generation',
  'createdAt', d->'createdAt',
  'spec', jsonb_build_object('parent', d->'parent', 'expiresAt', d->'expiresAt')))
  || jsonb_build_object('labels', '{}'::jsonb)
FROM (SELECT name, document AS d, gen_random_uuid()::text AS uid FROM environment) e;
UPDATE object o SET document = jsonb_set(o.document, '{spec,members}', e.document->'members')
FROM environment e WHERE o.kind = 'Environment' AND o.name = e.name;

-- Numbers of incarnations are never used again: a new life of a key begins above all of them.
INSERT INTO object (uid, kind, name, version, document)
SELECT uid, 'Ledger', 'incarnations', 1, jsonb_build_object(
  'kind', 'Ledger', 'name', 'incarnations', 'uid', uid, 'version', '1', 'generation', 1, 'labels', '{}'::jsonb,
  'createdAt', pg_temp.epoch_ms(), 'spec', '{}'::jsonb, 'status', jsonb_build_object('highest', highest))
FROM (SELECT max(incarnation) AS highest, gen_random_uuid()::text AS uid FROM key_counter) c
WHERE highest IS NOT NULL;

DROP TABLE service, variant, environment, incarnation, key_counter, state_head;
