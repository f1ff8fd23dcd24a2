-- Work that one of many processes does: whoever holds the lease. docs/schema.md explains it.
CREATE TABLE leases (
  name text PRIMARY KEY,
  holder text NOT NULL,
  ends timestamptz NOT NULL
);
