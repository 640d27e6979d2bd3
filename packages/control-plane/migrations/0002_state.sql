-- Up Migration

-- The desired state and the incarnations, a document each. The revision counts writes; its row orders the writers.
CREATE TABLE state_head (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  revision bigint NOT NULL DEFAULT 0
);
INSERT INTO state_head DEFAULT VALUES;

CREATE TABLE service (
  name text COLLATE "C" PRIMARY KEY,
  document jsonb NOT NULL
);

CREATE TABLE variant (
  service text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  document jsonb NOT NULL,
  PRIMARY KEY (service, key)
);

CREATE TABLE environment (
  name text COLLATE "C" PRIMARY KEY,
  document jsonb NOT NULL
);

CREATE TABLE incarnation (
  service text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  number bigint NOT NULL,
  document jsonb NOT NULL,
  PRIMARY KEY (service, key, number)
);

-- The last numbers a key ever used: they outlive it.
CREATE TABLE key_counter (
  service text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  generation bigint NOT NULL DEFAULT 0,
  incarnation bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (service, key)
);
