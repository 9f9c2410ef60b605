CREATE TABLE log_partition (
    topic text NOT NULL,
    partition integer NOT NULL CHECK (partition >= 0),
    log_id text NOT NULL,
    epoch bigint NOT NULL CHECK (epoch > 0),
    next_offset bigint NOT NULL CHECK (next_offset >= 0),
    tick_at timestamptz,
    backend_pid integer NOT NULL,
    backend_started timestamptz NOT NULL,
    owner text NOT NULL,
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);
COMMENT ON TABLE log_partition IS 'Consumed offsets, committed with the results they led to; the epoch fences predecessors off.';
COMMENT ON COLUMN log_partition.next_offset IS 'First offset that is not in the results yet.';
COMMENT ON COLUMN log_partition.tick_at IS 'Last tick that was worked off.';
COMMENT ON COLUMN log_partition.backend_pid IS 'Server process of the owner; a takeover ends it if backend_started still fits.';
