-- Stored messages. docs/schema.md explains every column and why there is a second unique index.
CREATE TABLE messages (
  room text COLLATE "C" NOT NULL,
  seq bigint NOT NULL CHECK (seq BETWEEN 1 AND 9007199254740991),
  prev bigint NOT NULL,
  id uuid NOT NULL,
  sender text NOT NULL,
  origin text NOT NULL,
  sent_at_ms bigint NOT NULL,
  key bytea NOT NULL,
  content_type bytea NOT NULL,
  headers bytea NOT NULL,
  body bytea NOT NULL,
  stored_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (room, seq),
  UNIQUE (id)
);
