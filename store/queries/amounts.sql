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
-- Hours in which most readings of a parameter say that the plant stands (flag F).
SELECT s.parameter, date_trunc('hour', r.observed_at) AS hour
FROM reading AS r
JOIN series AS s USING (series)
WHERE s.site_id = %(site)s
    AND r.observed_at >= %(start)s
    AND r.observed_at < %(finish)s
    AND r.kind < 5
GROUP BY s.parameter, hour
HAVING 2 * count(*) FILTER (WHERE r.flag = ascii('F')) > count(*)
