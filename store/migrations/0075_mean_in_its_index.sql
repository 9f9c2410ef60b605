-- A year of one series is 8,760 rows, each among those of all other series that closed in the same hour: with the values in the index they are neighbours.
ALTER TABLE mean DROP CONSTRAINT mean_pkey;
ALTER TABLE mean ADD PRIMARY KEY (series, period, start) INCLUDE (value, samples, kind, valid, reason, converted, mass_kg);
