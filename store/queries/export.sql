-- name: snapshot
-- All sections of one export see the same moment.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;

-- name: unhurried
-- Who reads an export may take his time.
SET LOCAL idle_in_transaction_session_timeout TO 0;

-- name: mean
-- The newest version of each mean; days (1), hours (0), months (2), as their names sort.
SELECT s.site_id, s.parameter, m.period, m.start, m.value, m.samples, m.kind, m.valid, m.reason, m.converted,
    m.mass_kg
FROM mean AS m
JOIN series AS s USING (series)
ORDER BY s.site_id COLLATE "C", s.parameter COLLATE "C", (ARRAY[2, 1, 4])[m.period + 1], m.start;

-- name: verdict
-- The newest version of each verdict; days (1), hours (0), instants (3), months (2). One that was taken back is history.
SELECT s.site_id, s.parameter, v.period, v.start, v.outcome, v.value, v.limit_min, v.limit_max, v.times_over,
    v.reason, v.rule, v.binding, v.basis
FROM verdict AS v
JOIN series AS s USING (series)
WHERE v.reason <> %(hidden_reason)s
ORDER BY s.site_id COLLATE "C", s.parameter COLLATE "C", (ARRAY[2, 1, 4, 3])[v.period + 1], v.start;

-- name: air_index
-- Every index of a site or a city.
SELECT subject, is_city, period, start, standard, aqi, primary_pollutants, detail
FROM air_index
ORDER BY subject COLLATE "C", is_city, period COLLATE "C", start;

-- name: alert
-- The alerts that stand, without those about the stream itself.
SELECT kind, site_id, city, device_id, parameter, period, first_start, last_start, state, grade
FROM alert
WHERE kind <> ALL (%(hidden_kinds)s) AND state <> %(hidden_state)s
ORDER BY kind COLLATE "C", site_id COLLATE "C" NULLS FIRST, city COLLATE "C" NULLS FIRST,
    device_id COLLATE "C" NULLS FIRST, parameter COLLATE "C" NULLS FIRST, period COLLATE "C" NULLS FIRST,
    first_start NULLS FIRST, last_start NULLS FIRST, state COLLATE "C", grade COLLATE "C";

-- name: book
-- Stored reports, and rejected messages once each however often they came: on the day on which they first came.
WITH refused AS (
    SELECT device_id, (min(received_at) AT TIME ZONE INTERVAL '+08:00')::date AS day
    FROM dead_letter
    WHERE whole AND state = 'kept'
    GROUP BY device_id, topic, sha256
),
rejected AS (
    SELECT device_id, day, count(*) AS rejected
    FROM refused
    GROUP BY device_id, day
),
stored AS (
    SELECT device_id, day, stored
    FROM book
    WHERE stored > 0
)
SELECT device_id, day::text, coalesce(stored, 0), coalesce(rejected, 0)
FROM stored
FULL JOIN rejected USING (device_id, day)
ORDER BY device_id COLLATE "C", day;
