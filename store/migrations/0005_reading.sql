-- A hypertable where TimescaleDB is there, else range partitions by month: the one cannot become the other later.
DO $body$
DECLARE
    timescale boolean := EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb');
BEGIN
    EXECUTE format($table$
        CREATE TABLE reading (
            observed_at timestamptz NOT NULL,
            value double precision,
            report bigint NOT NULL,
            series integer NOT NULL,
            kind smallint NOT NULL CHECK (kind BETWEEN 0 AND 5),
            flag smallint NOT NULL CHECK (flag BETWEEN 32 AND 126),
            UNIQUE (series, kind, observed_at)
        ) %s
    $table$, CASE WHEN timescale THEN '' ELSE 'PARTITION BY RANGE (observed_at)' END);
    IF timescale THEN
        CREATE EXTENSION IF NOT EXISTS timescaledb;
        PERFORM create_hypertable('reading', 'observed_at', chunk_time_interval => INTERVAL '7 days', create_default_indexes => FALSE);
        ALTER TABLE reading SET (
            timescaledb.compress,
            timescaledb.compress_segmentby = 'series, kind',
            timescaledb.compress_orderby = 'observed_at'
        );
        PERFORM add_compression_policy('reading', compress_after => INTERVAL '45 days');
    END IF;
END
$body$;

COMMENT ON TABLE reading IS 'The value in force of each (series, kind, observed_at).';
COMMENT ON COLUMN reading.value IS 'In the unit registered for the channel.';
COMMENT ON COLUMN reading.observed_at IS 'START of the period, or the instant of a realtime reading.';
COMMENT ON COLUMN reading.flag IS 'ASCII code of the HJ 212 flag; 78 = N.';

CREATE TABLE reading_superseded (
    observed_at timestamptz NOT NULL,
    value double precision,
    report bigint NOT NULL,
    superseded_by bigint NOT NULL,
    series integer NOT NULL,
    kind smallint NOT NULL,
    flag smallint NOT NULL,
    PRIMARY KEY (series, kind, observed_at, report)
);
COMMENT ON TABLE reading_superseded IS 'Values that lost against another of the same key; superseded_by is the report that was in force then.';

CREATE FUNCTION reading_partition(at timestamptz) RETURNS void
LANGUAGE plpgsql AS $body$
DECLARE
    first timestamp := date_trunc('month', at AT TIME ZONE 'UTC');
    name text := to_char(first, '"reading_y"YYYY"m"MM');
BEGIN
    IF EXISTS (SELECT FROM pg_class WHERE oid = 'reading'::regclass AND relkind = 'r') THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('reading_partition'));
    IF to_regclass(name) IS NOT NULL THEN
        RETURN;
    END IF;
    -- ATTACH, unlike CREATE ... PARTITION OF, does not wait for those who are writing.
    EXECUTE format('CREATE TABLE %I (LIKE reading INCLUDING CONSTRAINTS INCLUDING INDEXES)', name);
    EXECUTE format(
        'ALTER TABLE reading ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        name, first AT TIME ZONE 'UTC', (first + INTERVAL '1 month') AT TIME ZONE 'UTC'
    );
END
$body$;
COMMENT ON FUNCTION reading_partition IS 'Makes the monthly partition of an instant where it is missing; a hypertable makes its chunks itself.';
