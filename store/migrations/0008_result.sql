CREATE TABLE air_index (
    subject text NOT NULL,
    is_city boolean NOT NULL,
    period text NOT NULL CHECK (period IN ('hour', 'day', 'running24')),
    start timestamptz NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    standard text NOT NULL,
    aqi integer CHECK (aqi >= 0),
    primary_pollutants text[] NOT NULL,
    detail jsonb NOT NULL,
    PRIMARY KEY (subject, is_city, period, start)
);
COMMENT ON COLUMN air_index.start IS 'Start of the period; of a running24 index the start of its last hour.';
COMMENT ON COLUMN air_index.aqi IS 'HJ 633 index without unit; null where it is not defined.';

CREATE TABLE finding (
    finding_id uuid PRIMARY KEY,
    kind text NOT NULL,
    site_id text,
    device_id text,
    city text,
    parameter text,
    start timestamptz,
    detected_at timestamptz NOT NULL,
    payload jsonb NOT NULL
);
CREATE INDEX finding_kind ON finding (kind, detected_at);

CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    key text NOT NULL,
    payload bytea NOT NULL
);
COMMENT ON TABLE outbox IS 'Events to publish on Kafka; the relay takes them in id order and deletes them after the acknowledgement.';
