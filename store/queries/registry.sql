-- name: lock
-- Versions are given out one after another: of two imports at once the second waits.
LOCK TABLE registry IN SHARE ROW EXCLUSIVE MODE;

-- name: import
INSERT INTO registry (version, imported_at, imported_by, content)
SELECT coalesce(max(version), 0) + 1, %(imported_at)s, %(imported_by)s, %(content)s::jsonb
FROM registry
RETURNING version;

-- name: newest
SELECT version, content::text
FROM registry
ORDER BY version DESC
LIMIT 1;

-- name: newest_version
SELECT coalesce(max(version), 0)
FROM registry;

-- name: versions
SELECT version, imported_at, imported_by
FROM registry
ORDER BY version;

-- name: at
SELECT content::text
FROM registry
WHERE version = %(version)s;

-- name: followed
SELECT version
FROM registry_followed
WHERE topic = %(topic)s AND partition = %(partition)s;

-- name: follow
INSERT INTO registry_followed (topic, partition, version)
VALUES (%(topic)s, %(partition)s, %(version)s)
ON CONFLICT (topic, partition) DO UPDATE
SET version = excluded.version;

-- name: stretches_open
SELECT site_id, device, start, finish
FROM rejudge_stretch
WHERE device = ANY (%(device)s::integer[])
ORDER BY site_id COLLATE "C", device, start;

-- name: drop_stretches
-- What was left of a site and device is replaced by what is left now.
DELETE FROM rejudge_stretch AS r
USING unnest(%(site_id)s::text[], %(device)s::integer[]) AS t (site_id, device)
WHERE r.site_id = t.site_id AND r.device = t.device;

-- name: keep_stretches
INSERT INTO rejudge_stretch (site_id, device, start, finish)
SELECT *
FROM unnest(%(site_id)s::text[], %(device)s::integer[], %(start)s::timestamptz[], %(finish)s::timestamptz[]);

-- name: next_mean
SELECT min(first.start)
FROM unnest(%(series)s::integer[]) AS s (series)
CROSS JOIN (VALUES (0::smallint), (1::smallint)) AS p (period)
CROSS JOIN LATERAL (
    SELECT start
    FROM mean AS m
    WHERE m.series = s.series AND m.period = p.period AND m.start >= %(start)s AND m.start < %(finish)s
    ORDER BY start
    LIMIT 1
) AS first;

-- name: note_reporters
-- Sorted, so that two workers that note the same never wait for each other in a circle.
INSERT INTO site_reporter (site_id, device)
SELECT site_id, device
FROM unnest(%(site_id)s::text[], %(device)s::integer[]) AS t (site_id, device)
ORDER BY site_id COLLATE "C", device
ON CONFLICT DO NOTHING;

-- name: others_at
-- Aligned with the pairs that were asked for.
SELECT t.n, max(s.event_at)
FROM unnest(%(site_id)s::text[], %(device)s::integer[]) WITH ORDINALITY AS t (site_id, device, n)
LEFT JOIN site_reporter AS other ON other.site_id = t.site_id AND other.device <> t.device
LEFT JOIN device_state AS s ON s.device = other.device
GROUP BY t.n
ORDER BY t.n;

-- name: reported_sites
SELECT site_id, device
FROM site_reporter
WHERE device = ANY(%(device)s::integer[])
ORDER BY site_id COLLATE "C", device;
