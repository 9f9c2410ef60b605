CREATE TABLE registry (
    version integer PRIMARY KEY CHECK (version > 0),
    imported_at timestamptz NOT NULL,
    imported_by text NOT NULL,
    content jsonb NOT NULL
);
COMMENT ON TABLE registry IS 'Every registry that was imported, whole; the greatest version counts.';
