-- name: make_devices
-- Sorted, so that two workers that make the same rows never wait for each other in a circle.
INSERT INTO device (device_id, key_hash)
SELECT device_id, key_hash
FROM unnest(%(device_id)s::text[], %(key_hash)s::bigint[]) AS t (device_id, key_hash)
ORDER BY device_id
ON CONFLICT (device_id) DO NOTHING;

-- name: devices
SELECT device_id, device
FROM device
WHERE device_id = ANY (%(device_id)s::text[]);

-- name: make_series
-- Sorted, as make_devices.
INSERT INTO series (site_id, parameter)
SELECT DISTINCT site_id, parameter
FROM unnest(%(site_id)s::text[], %(parameter)s::text[]) AS t (site_id, parameter)
ORDER BY site_id, parameter
ON CONFLICT (site_id, parameter) DO NOTHING;

-- name: series
SELECT site_id, parameter, series
FROM series
JOIN unnest(%(site_id)s::text[], %(parameter)s::text[]) AS t (site_id, parameter) USING (site_id, parameter);

-- name: series_of_sites
SELECT series, site_id, parameter
FROM series
WHERE site_id = ANY (%(site_id)s::text[])
ORDER BY series;

-- name: device_states
SELECT d.device_id, s.device, s.frontier, s.event_at, s.heard_at, s.high, s.silent
FROM device_state AS s
JOIN device AS d USING (device)
WHERE d.key_hash %% %(partitions)s = %(partition)s
ORDER BY s.device;

-- name: rejudge_open
SELECT site_id, device, start, noted_at
FROM rejudge
WHERE device = ANY (%(device)s::integer[])
ORDER BY site_id COLLATE "C", start;

-- name: known_reports
-- The places (from 1) of those that share device, instant and kind with a stored one, and whether they are the same report.
SELECT array_agg(t.n), array_agg(r.sha256 = t.sha256)
FROM unnest(%(device)s::integer[], %(observed_at)s::timestamptz[], %(kind)s::smallint[], %(sha256)s::bytea[])
    WITH ORDINALITY AS t (device, observed_at, kind, sha256, n)
JOIN report AS r
    ON hour_of(r.observed_at) = hour_of(t.observed_at)
    AND r.device = t.device AND r.observed_at = t.observed_at AND r.kind = t.kind;

-- name: recalled_reports
-- Numbers of stored reports, aligned with the rows that were asked for.
SELECT array_agg(r.report ORDER BY t.n)
FROM unnest(%(device)s::integer[], %(observed_at)s::timestamptz[], %(kind)s::smallint[], %(sha256)s::bytea[])
    WITH ORDINALITY AS t (device, observed_at, kind, sha256, n)
JOIN report AS r USING (device, observed_at, kind, sha256)
WHERE hour_of(r.observed_at) = hour_of(t.observed_at);

-- name: readings_at
-- What is stored of the keys that were asked for, with their places (from 1); `earliest` and `latest` let the server leave out partitions.
SELECT
    array_agg(t.n), array_agg(coalesce(r.value, 'NaN')), array_agg(r.flag), array_agg(p.sent_at),
    array_agg(substring(p.sha256 FOR 8))
FROM unnest(%(series)s::integer[], %(kind)s::smallint[], %(observed_at)s::timestamptz[])
    WITH ORDINALITY AS t (series, kind, observed_at, n)
JOIN reading AS r
    ON hour_of(r.observed_at) = hour_of(t.observed_at)
    AND r.series = t.series AND r.kind = t.kind AND r.observed_at = t.observed_at
    AND r.observed_at BETWEEN %(earliest)s AND %(latest)s
JOIN report AS p ON p.report = r.report;

-- name: window_readings
-- Each window lies within one hour. All kinds are named so that the index is used to its end on every server version.
SELECT
    array_agg(r.series), array_agg(r.kind), array_agg(r.observed_at), array_agg(coalesce(r.value, 'NaN')),
    array_agg(r.flag)
FROM unnest(%(series)s::integer[], %(start)s::timestamptz[], %(end)s::timestamptz[]) AS w (series, first, last)
JOIN reading AS r
    ON hour_of(r.observed_at) = hour_of(w.first)
    AND r.series = w.series AND r.kind = ANY ('{0,1,2,3,4,5}'::smallint[])
    AND r.observed_at >= w.first AND r.observed_at < w.last
    AND r.observed_at >= %(earliest)s AND r.observed_at < %(latest)s;

-- name: means_between
SELECT
    array_agg(series), array_agg(period), array_agg(start), array_agg(value), array_agg(samples), array_agg(kind),
    array_agg(valid), array_agg(reason), array_agg(converted), array_agg(mass_kg)
FROM (
    SELECT
        m.series, m.period, m.start, coalesce(m.value, 'NaN') AS value, m.samples, m.kind, m.valid, m.reason,
        coalesce(m.converted, 'NaN') AS converted, coalesce(m.mass_kg, 'NaN') AS mass_kg
    FROM unnest(%(series)s::integer[], %(start)s::timestamptz[], %(end)s::timestamptz[]) AS w (series, first, last)
    JOIN mean AS m
        ON m.series = w.series AND m.period = %(period)s AND m.start >= w.first AND m.start < w.last
    ORDER BY m.series, m.start
) AS asked;

-- name: verdicts_at
SELECT
    v.series, v.period, v.start, v.outcome, v.value, v.limit_min, v.limit_max, v.times_over, v.reason, v.rule, v.binding,
    v.basis
FROM unnest(%(series)s::integer[], %(period)s::smallint[], %(start)s::timestamptz[]) AS t (series, period, start)
JOIN verdict AS v USING (series, period, start)
ORDER BY v.series, v.period, v.start;

-- name: verdicts_between
SELECT
    v.series, v.period, v.start, v.outcome, v.value, v.limit_min, v.limit_max, v.times_over, v.reason, v.rule, v.binding,
    v.basis
FROM unnest(%(series)s::integer[], %(start)s::timestamptz[], %(end)s::timestamptz[]) AS w (series, first, last)
JOIN verdict AS v
    ON v.series = w.series AND v.period = %(period)s AND v.start >= w.first AND v.start < w.last
ORDER BY v.series, v.start;

-- name: latest_verdicts
SELECT
    v.series, v.period, v.start, v.outcome, v.value, v.limit_min, v.limit_max, v.times_over, v.reason, v.rule, v.binding,
    v.basis
FROM unnest(%(series)s::integer[]) AS s (series)
CROSS JOIN (VALUES (0::smallint), (1::smallint), (2::smallint), (3::smallint)) AS p (period)
CROSS JOIN LATERAL (
    SELECT *
    FROM verdict
    WHERE verdict.series = s.series AND verdict.period = p.period AND outcome <> 'not_judged'
    ORDER BY start DESC
    LIMIT 1
) AS v
ORDER BY v.series, v.period;

-- name: ever_exceeded
SELECT s.series, p.period
FROM unnest(%(series)s::integer[]) AS s (series)
CROSS JOIN (VALUES (0::smallint), (1::smallint), (2::smallint), (3::smallint)) AS p (period)
WHERE EXISTS (
    SELECT
    FROM verdict AS v
    WHERE v.series = s.series AND v.period = p.period AND v.outcome = 'exceeded'
);

-- name: findings_told
SELECT finding_id::text, payload::text
FROM finding
WHERE finding_id = ANY (%(finding_id)s::uuid[]);
