-- What was discharged, hour by hour; reads only what was committed.

-- name: hours
-- The hour means of a site in force that start in [start, finish).
SELECT s.parameter, m.start, m.valid, m.mass_kg
FROM mean AS m
JOIN series AS s USING (series)
WHERE s.site_id = %(site)s
    AND m.period = 0
    AND m.start >= %(start)s
    AND m.start < %(finish)s
ORDER BY s.parameter COLLATE "C", m.start

-- name: stopped
-- Hours in which most readings of a parameter say that the plant stands (flag F). The series are sought out first, else all that was read in these hours would be.
SELECT s.parameter, hour_of(r.observed_at) AS hour
FROM reading AS r
JOIN series AS s USING (series)
WHERE r.series = ANY (ARRAY(SELECT series FROM series WHERE site_id = %(site)s))
    AND hour_of(r.observed_at) = ANY (ARRAY(
        SELECT generate_series(hour_of(%(start)s), %(finish)s - INTERVAL '1 microsecond', INTERVAL '1 hour')
    ))
    AND r.observed_at >= %(start)s
    AND r.observed_at < %(finish)s
    AND r.kind = ANY ('{0,1,2,3,4}'::smallint[])
GROUP BY s.parameter, hour
HAVING 2 * count(*) FILTER (WHERE r.flag = ascii('F')) > count(*)
