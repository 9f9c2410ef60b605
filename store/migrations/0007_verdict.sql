CREATE TABLE verdict (
    start timestamptz NOT NULL,
    value double precision,
    limit_min double precision,
    limit_max double precision,
    times_over double precision,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    series integer NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    period smallint NOT NULL CHECK (period IN (0, 1)),
    outcome text NOT NULL CHECK (outcome IN ('met', 'exceeded', 'not_judged')),
    reason text NOT NULL,
    rule text NOT NULL,
    binding text NOT NULL,
    basis text NOT NULL,
    PRIMARY KEY (series, period, start)
);
COMMENT ON TABLE verdict IS 'What a rule says of a mean, the newest version. Its id is the UUIDv5 of (verdict, site, parameter, period, start).';
COMMENT ON COLUMN verdict.value IS 'What was compared, in the unit of the series.';
COMMENT ON COLUMN verdict.times_over IS 'C/L - 1 of an exceeded verdict, a ratio without unit.';
COMMENT ON COLUMN verdict.basis IS 'measured or converted (to baseline oxygen).';
CREATE INDEX verdict_exceeded ON verdict (series, period, start) WHERE outcome = 'exceeded';

CREATE TABLE verdict_history (
    LIKE verdict,
    PRIMARY KEY (series, period, start, version)
);
COMMENT ON TABLE verdict_history IS 'Superseded versions; nothing changes silently.';
