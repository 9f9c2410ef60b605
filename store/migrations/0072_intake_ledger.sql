CREATE TABLE intake_acknowledged (
    bridge text NOT NULL,
    run bigint NOT NULL,
    hour timestamptz NOT NULL,
    messages bigint NOT NULL CHECK (messages >= 0),
    noted_at timestamptz NOT NULL,
    PRIMARY KEY (bridge, run, hour)
);
COMMENT ON TABLE intake_acknowledged IS 'Messages that a bridge acknowledged after Kafka had them, by the hour in which the first of their bundle came; written by the bridge.';
COMMENT ON COLUMN intake_acknowledged.run IS 'Start of the process, microseconds since 1970: a bridge that starts again counts anew.';
COMMENT ON COLUMN intake_acknowledged.noted_at IS 'All that is counted had been acknowledged before this instant.';

CREATE TABLE intake_booked (
    bridge text NOT NULL,
    partition integer NOT NULL,
    hour timestamptz NOT NULL,
    messages bigint NOT NULL CHECK (messages >= 0),
    PRIMARY KEY (bridge, partition, hour)
) WITH (fillfactor = 50);
COMMENT ON TABLE intake_booked IS 'The same messages as the workers have read and booked them; a row a partition, so that workers do not wait for each other.';
