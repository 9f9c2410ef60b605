-- Where every series has pages of its own in the index of a month, a commit of all series' next minute touches them all, and costs the more
-- the fuller the month is. Sorted by the hour first, only the hour that is written is touched, whatever lies before it.
CREATE FUNCTION hour_of(at timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN date_bin(INTERVAL '1 hour', at, TIMESTAMPTZ '2000-01-01 00:00:00+00');
COMMENT ON FUNCTION hour_of IS 'Start of the hour that an instant lies in; who looks for readings or reports names their hours too, for the index.';

DO $body$
BEGIN
    -- A hypertable keeps its key: what is unique there must not be an expression.
    IF EXISTS (SELECT FROM pg_class WHERE oid = 'reading'::regclass AND relkind = 'p') THEN
        ALTER TABLE reading DROP CONSTRAINT reading_series_kind_observed_at_key;
        CREATE UNIQUE INDEX reading_key ON reading (hour_of(observed_at), series, kind, observed_at);
    END IF;
END
$body$;

ALTER TABLE device_state ADD COLUMN first_at timestamptz;
COMMENT ON COLUMN device_state.first_at IS 'Least observed_at of its stored reports; null = none. No index has it.';
UPDATE device_state AS s SET first_at = (SELECT min(r.observed_at) FROM report AS r WHERE r.device = s.device);
ALTER TABLE report DROP CONSTRAINT report_device_observed_at_kind_sha256_key;
CREATE UNIQUE INDEX report_key ON report (hour_of(observed_at), device, observed_at, kind, sha256);
