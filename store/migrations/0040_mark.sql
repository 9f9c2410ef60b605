CREATE TABLE mark (
    revision bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mark_id uuid NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    site_id text NOT NULL,
    parameters text[] NOT NULL,
    kind text NOT NULL CHECK (
        kind IN ('calibration', 'fault', 'maintenance', 'stopped', 'start_up', 'shut_down', 'low_load')
    ),
    variant text NOT NULL CHECK (variant IN ('', 'cold', 'hot')),
    start timestamptz NOT NULL,
    finish timestamptz NOT NULL CHECK (finish > start),
    entered_by text NOT NULL,
    entered_at timestamptz NOT NULL,
    evidence text NOT NULL,
    status text NOT NULL CHECK (status IN ('standing', 'accepted', 'rejected', 'withdrawn')),
    decided_by text NOT NULL,
    decided_why text NOT NULL,
    recorded_at timestamptz NOT NULL,
    UNIQUE (mark_id, version)
);
COMMENT ON TABLE mark IS 'Every version of every mark; rows are never changed. The stretch of a mark is the same in all its versions.';
COMMENT ON COLUMN mark.revision IS 'In the order of commits: versions are appended under an advisory lock.';
COMMENT ON COLUMN mark.parameters IS 'HJ 212 codes; empty: all parameters of the site.';
COMMENT ON COLUMN mark.finish IS 'End of the stretch, exclusive.';
COMMENT ON COLUMN mark.entered_at IS 'When version 1 was entered: decides whether the mark was in time.';
COMMENT ON COLUMN mark.recorded_at IS 'When this version was entered.';
CREATE INDEX mark_stretch ON mark (site_id, finish);

CREATE TABLE mark_followed (
    topic text NOT NULL,
    partition integer NOT NULL,
    revision bigint NOT NULL,
    PRIMARY KEY (topic, partition)
);
COMMENT ON TABLE mark_followed IS 'Up to which revision of the marks the owner of a partition has noted the closed hours to judge again.';
