-- name: lowest_tick
-- One row: how many of the first n partitions have ticked, and the lowest of their ticks.
SELECT count(tick_at), min(tick_at)
FROM log_partition
WHERE topic = %(topic)s
    AND partition < %(partitions)s;

-- name: station_means
-- Current means of stations in [start, end).
SELECT s.site_id, s.parameter, (extract(epoch FROM m.start) * 1000000)::bigint, m.value, m.valid,
    coalesce((extract(epoch FROM m.closed_at) * 1000000)::bigint, 0)
FROM series AS s
JOIN mean AS m USING (series)
WHERE s.site_id = ANY (%(sites)s)
    AND m.period = %(period)s
    AND m.start >= %(start)s
    AND m.start < %(end)s
ORDER BY m.start, s.site_id COLLATE "C", s.parameter COLLATE "C";

-- name: closed_since
-- Hours and days of stations that were closed, or closed again, since an instant. Reads every mean of the stations: only after a gap in the log.
SELECT m.period, m.start, max(m.closed_at)
FROM series AS s
JOIN mean AS m USING (series)
WHERE s.site_id = ANY (%(sites)s)
    AND m.closed_at >= %(since)s
GROUP BY m.start, m.period
ORDER BY m.start, m.period;

-- name: city_indices
-- Index rows of a city in [start, end).
SELECT period, start, standard, aqi, primary_pollutants, detail
FROM air_index
WHERE subject = %(city)s
    AND is_city
    AND period IN ('hour', 'day', 'running24')
    AND start >= %(start)s
    AND start < %(end)s
ORDER BY start, period COLLATE "C";

-- name: city_findings
-- What was told of a city.
SELECT finding_id::text, kind, site_id, device_id, city, parameter, start, detected_at, payload::text
FROM finding
WHERE city = %(city)s
    AND kind = ANY (%(kinds)s)
ORDER BY start NULLS FIRST, finding_id;

-- name: first_pending
-- The earliest hour with a station mean and without an hour row of the city.
SELECT min(m.start)
FROM series AS s
JOIN mean AS m USING (series)
WHERE s.site_id = ANY (%(sites)s)
    AND m.period = 0
    AND NOT EXISTS (
        SELECT
        FROM air_index AS a
        WHERE a.subject = %(city)s
            AND a.is_city
            AND a.period = 'hour'
            AND a.start = m.start
    );

-- name: last_closed
-- The last hour of the city that has a row.
SELECT max(start)
FROM air_index
WHERE subject = %(city)s
    AND is_city
    AND period = 'hour';
