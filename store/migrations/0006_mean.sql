CREATE TABLE mean (
    start timestamptz NOT NULL,
    value double precision,
    converted double precision,
    mass_kg double precision CHECK (mass_kg >= 0),
    recorded_at timestamptz NOT NULL DEFAULT now(),
    series integer NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    samples integer NOT NULL CHECK (samples >= 0),
    period smallint NOT NULL CHECK (period IN (0, 1)),
    kind smallint NOT NULL CHECK (kind BETWEEN 0 AND 5),
    valid boolean NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (series, period, start)
);
COMMENT ON TABLE mean IS 'Hour and day value of each series, the newest version.';
COMMENT ON COLUMN mean.value IS 'In the unit of the series; null where there were no valid samples.';
COMMENT ON COLUMN mean.converted IS 'Value at baseline oxygen, mg/m3; null where no rule asks for it or oxygen does not allow it.';
COMMENT ON COLUMN mean.mass_kg IS 'Mass discharged in the period, kg; null where flow is not measured.';
COMMENT ON COLUMN mean.period IS '0 hour, 1 day (China Standard Time).';
COMMENT ON COLUMN mean.kind IS 'Kind of reading that the value was made from.';

CREATE TABLE mean_history (
    LIKE mean,
    PRIMARY KEY (series, period, start, version)
);
COMMENT ON TABLE mean_history IS 'Superseded versions; nothing changes silently.';
