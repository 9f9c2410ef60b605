ALTER TABLE mean ADD COLUMN closed_at timestamptz;
ALTER TABLE mean_history ADD COLUMN closed_at timestamptz;
COMMENT ON COLUMN mean.closed_at IS 'Tick at which this version was closed, as in its event on means.v1; null before this column was made. Who reads the table in place of the events knows by it when a city''s hour was known.';
