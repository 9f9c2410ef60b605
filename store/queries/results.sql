-- What scenarios, demo and score ask of the results; reads only what was committed.

-- name: mean
SELECT m.valid, m.value, m.samples, m.reason, m.converted, m.mass_kg
FROM mean AS m
JOIN series AS s USING (series)
WHERE s.site_id = %(site)s
    AND s.parameter = %(parameter)s
    AND m.period = %(period)s
    AND m.start = %(start)s

-- name: verdicts
-- All versions in turn, the one in force last.
SELECT v.outcome, v.value, v.limit_min, v.limit_max, v.times_over, v.reason
FROM (
    SELECT series, period, start, version, outcome, value, limit_min, limit_max, times_over, reason FROM verdict_history
    UNION ALL
    SELECT series, period, start, version, outcome, value, limit_min, limit_max, times_over, reason FROM verdict
) AS v
JOIN series AS s USING (series)
WHERE s.site_id = %(site)s
    AND s.parameter = %(parameter)s
    AND v.period = %(period)s
    AND v.start = %(start)s
ORDER BY v.version

-- name: index
SELECT aqi, primary_pollutants, detail
FROM air_index
WHERE subject = %(subject)s
    AND is_city = %(is_city)s
    AND period = %(period)s
    AND start = %(start)s

-- name: findings
SELECT kind, site_id, city, device_id, parameter
FROM finding
WHERE payload ->> 'status' IS DISTINCT FROM 'withdrawn'

-- name: book
SELECT device_id, day, received, stored, duplicate, rejected
FROM book
WHERE device_id = %(device_id)s
    AND day = %(day)s

-- name: book_totals
-- By device, over all days.
SELECT device_id, sum(received)::bigint, sum(stored)::bigint, sum(duplicate)::bigint, sum(rejected)::bigint
FROM book
GROUP BY device_id
ORDER BY device_id

-- name: unbalanced
SELECT device_id, day, received, stored, duplicate, rejected
FROM book
WHERE received <> stored + duplicate + rejected
ORDER BY device_id, day

-- name: progress
-- How far each stage has come, and how much waits to be published, or to be judged again as the registry changed, at one instant.
SELECT topic, partition, next_offset, tick_at,
    (SELECT count(*) FROM outbox) + (SELECT count(*) FROM rejudge_stretch)
FROM log_partition

-- name: ticks
SELECT partition, tick_at
FROM log_partition
WHERE topic = %(topic)s

-- name: result_counts
SELECT
    (SELECT count(*) FROM reading),
    (SELECT count(*) FROM mean),
    (SELECT count(*) FROM verdict WHERE outcome <> 'not_judged'),
    (SELECT count(*) FROM verdict WHERE outcome = 'exceeded')

-- name: index_line
-- The index of a city in order of time.
SELECT start, aqi
FROM air_index
WHERE subject = %(subject)s
    AND is_city
    AND period = %(period)s
ORDER BY start

-- name: verdict_line
-- Hour values of one series with their limit, in order of time.
SELECT v.start, v.value, v.limit_max, v.outcome
FROM verdict AS v
JOIN series AS s USING (series)
WHERE s.site_id = %(site)s
    AND s.parameter = %(parameter)s
    AND v.period = 0
    AND v.start >= %(first)s
    AND v.start < %(last)s
ORDER BY v.start
