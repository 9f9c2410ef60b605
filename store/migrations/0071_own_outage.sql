CREATE TABLE role_presence (
    role text PRIMARY KEY,
    seen_at timestamptz NOT NULL
);
COMMENT ON TABLE role_presence IS 'Until when any process of a role is known to have been able to work.';

CREATE TABLE own_outage (
    role text NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL CHECK (ended_at > started_at),
    missing text NOT NULL,
    PRIMARY KEY (role, started_at)
);
CREATE INDEX own_outage_ended ON own_outage (ended_at);
COMMENT ON TABLE own_outage IS 'Times in which a role of ours could not work, written when it can again; those of the bridge count against no device.';
COMMENT ON COLUMN own_outage.missing IS 'What it lacked (mqtt, log, database, partitions …); empty: the process itself was away.';
