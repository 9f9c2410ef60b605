ALTER TABLE mean
    DROP CONSTRAINT mean_period_check,
    ADD CONSTRAINT mean_period_check CHECK (period BETWEEN 0 AND 2);
ALTER TABLE verdict
    DROP CONSTRAINT verdict_period_check,
    ADD CONSTRAINT verdict_period_check CHECK (period BETWEEN 0 AND 3);
ALTER TABLE alert
    DROP CONSTRAINT alert_period_check,
    ADD CONSTRAINT alert_period_check CHECK (period IN ('hour', 'day', 'month', 'instant', 'running24'));
COMMENT ON COLUMN mean.period IS '0 hour, 1 day, 2 month (China Standard Time).';
COMMENT ON COLUMN verdict.period IS '0 hour, 1 day, 2 month (China Standard Time), 3 a single reading.';
COMMENT ON COLUMN verdict.basis IS 'measured; converted (to baseline oxygen); apart (rated by itself); single_factor and the codes that decide (class of water).';
COMMENT ON COLUMN verdict.value IS 'What was compared, in the unit of the series; of a class of water: 1 to 5, 6 = worse than V.';
