CREATE TABLE device_state (
    device integer PRIMARY KEY REFERENCES device,
    frontier timestamptz,
    event_at timestamptz,
    heard_at timestamptz,
    high bigint[] NOT NULL CHECK (cardinality(high) = 6),
    silent boolean NOT NULL
) WITH (fillfactor = 50);
COMMENT ON COLUMN device_state.frontier IS 'Hours that end at or before this instant are closed.';
COMMENT ON COLUMN device_state.high IS 'Greatest observed_at by kind, microseconds since 1970; 0 = none.';

CREATE TABLE rejudge (
    site_id text NOT NULL,
    start timestamptz NOT NULL,
    device integer NOT NULL REFERENCES device,
    noted_at timestamptz NOT NULL,
    PRIMARY KEY (site_id, start)
);
COMMENT ON TABLE rejudge IS 'Closed hours of a site that have to be judged again.';
CREATE INDEX rejudge_device ON rejudge (device);

CREATE TABLE dead_letter (
    letter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    device_id text NOT NULL,
    site_id text NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    received_at timestamptz NOT NULL,
    raw bytea NOT NULL,
    whole boolean NOT NULL,
    state text NOT NULL DEFAULT 'kept' CHECK (state IN ('kept', 'replayed')),
    log_id text NOT NULL,
    partition integer NOT NULL,
    log_offset bigint NOT NULL,
    position integer NOT NULL,
    part integer NOT NULL,
    UNIQUE (log_id, partition, log_offset, position, part)
);
COMMENT ON TABLE dead_letter IS 'Every message, or reading of a stored report, that was refused. Where it stood in the log is its natural key.';
COMMENT ON COLUMN dead_letter.whole IS 'False: only some readings of a stored report were refused.';
COMMENT ON COLUMN dead_letter.part IS 'Counts the rejections of one message.';

CREATE TABLE book (
    device_id text NOT NULL,
    day date NOT NULL,
    received bigint NOT NULL,
    stored bigint NOT NULL,
    duplicate bigint NOT NULL,
    rejected bigint NOT NULL,
    PRIMARY KEY (device_id, day)
);
COMMENT ON TABLE book IS 'Reports of each device and China Standard Time day: received = stored + duplicate + rejected.';
