CREATE SEQUENCE bundle_number AS bigint INCREMENT BY 100 START WITH 1;
CREATE SEQUENCE report_number AS bigint INCREMENT BY 1000 START WITH 1;
COMMENT ON SEQUENCE report_number IS 'One value hands out a block of 1000 numbers.';
COMMENT ON SEQUENCE bundle_number IS 'One value hands out a block of 100 numbers.';

CREATE TABLE raw_bundle (
    bundle bigint PRIMARY KEY,
    log_id text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    log_offset bigint NOT NULL,
    content bytea NOT NULL
);
ALTER TABLE raw_bundle ALTER COLUMN content SET STORAGE EXTERNAL;
COMMENT ON COLUMN raw_bundle.content IS 'zstd of a msgpack list: the messages exactly as they were received.';

CREATE TABLE report (
    report bigint PRIMARY KEY,
    bundle bigint NOT NULL,
    observed_at timestamptz NOT NULL,
    sent_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    device integer NOT NULL,
    position integer NOT NULL CHECK (position >= 0),
    kind smallint NOT NULL CHECK (kind BETWEEN 0 AND 5),
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    UNIQUE (device, observed_at, kind, sha256)
);
COMMENT ON TABLE report IS 'One message of a device; its bytes are message number `position` of the bundle. No foreign keys: COPY would check each row.';
COMMENT ON COLUMN report.kind IS '0 realtime, 1 minute, 2 five_minute, 3 ten_minute, 4 hour, 5 day.';
