-- What one verdict rests on; reads only what was committed.

-- name: windows
-- Every judged window; the id of a verdict is a hash of these and is stored nowhere. Exceeded ones first: those are asked for.
SELECT s.site_id, s.parameter, v.period, (extract(epoch FROM v.start) * 1000000)::bigint
FROM verdict AS v
JOIN series AS s USING (series)
WHERE (v.outcome = 'exceeded') = %(exceeded)s

-- name: verdicts
-- All versions in turn, the one in force last.
SELECT v.version, v.outcome, v.value, v.limit_min, v.limit_max, v.times_over, v.reason, v.rule, v.binding, v.basis,
    v.recorded_at
FROM (SELECT * FROM verdict_history UNION ALL SELECT * FROM verdict) AS v
JOIN series AS s USING (series)
WHERE s.site_id = %(site)s
    AND s.parameter = %(parameter)s
    AND v.period = %(period)s
    AND v.start = %(start)s
ORDER BY v.version

-- name: means
-- All versions of the means of a site's parameters that start in [start, finish), the one in force last.
SELECT s.parameter, m.start, m.version, m.value, m.samples, m.kind, m.valid, m.reason, m.converted, m.mass_kg,
    m.recorded_at
FROM (SELECT * FROM mean_history UNION ALL SELECT * FROM mean) AS m
JOIN series AS s USING (series)
WHERE s.site_id = %(site)s
    AND s.parameter = ANY (%(parameters)s::text[])
    AND m.period = %(period)s
    AND m.start >= %(start)s
    AND m.start < %(finish)s
ORDER BY s.parameter COLLATE "C", m.start, m.version

-- name: samples
-- The readings in force and those that lost against them, each with the report that brought it. The series are sought out first:
-- a join outside the union reaches neither branch, and the month would be read whole. All kinds are named so that the index is used to its end.
SELECT s.parameter, r.kind, r.observed_at, r.value, r.flag, r.superseded, d.device_id, p.sha256, p.received_at
FROM (
    SELECT series, kind, observed_at, value, flag, report, false AS superseded FROM reading
    WHERE hour_of(observed_at) = ANY (ARRAY(
            SELECT generate_series(hour_of(%(start)s), %(finish)s - INTERVAL '1 microsecond', INTERVAL '1 hour')
        ))
        AND series = ANY (ARRAY(SELECT series FROM series WHERE site_id = %(site)s AND parameter = ANY (%(parameters)s::text[])))
        AND kind = ANY ('{0,1,2,3,4,5}'::smallint[])
        AND observed_at >= %(start)s AND observed_at < %(finish)s
    UNION ALL
    SELECT series, kind, observed_at, value, flag, report, true FROM reading_superseded
    WHERE series = ANY (ARRAY(SELECT series FROM series WHERE site_id = %(site)s AND parameter = ANY (%(parameters)s::text[])))
        AND kind = ANY ('{0,1,2,3,4,5}'::smallint[])
        AND observed_at >= %(start)s AND observed_at < %(finish)s
) AS r
JOIN series AS s USING (series)
JOIN report AS p USING (report)
JOIN device AS d USING (device)
ORDER BY s.parameter COLLATE "C", r.kind, r.observed_at, r.superseded, r.report

-- name: registrations
-- What each version of the registry says of one site, where it says something else than the version before.
SELECT version, imported_at, imported_by, bindings::text, permits::text
FROM (
    SELECT *, lag((bindings, permits)) OVER (ORDER BY version) AS before
    FROM (
        SELECT version, imported_at, imported_by,
            jsonb_path_query_array(content, '$.binding[*] ? (@.site == $site)', named) AS bindings,
            jsonb_path_query_array(content, '$.permit[*] ? (@.site == $site)', named) AS permits
        FROM registry
        CROSS JOIN jsonb_build_object('site', %(site)s::text) AS asked (named)
    ) AS said
) AS versions
WHERE before IS DISTINCT FROM (bindings, permits)
ORDER BY version
