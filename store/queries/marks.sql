-- Marks: versions are appended and never changed; the newest version of a mark counts.

-- name: lock
-- Held until COMMIT, so that revisions become visible in their order.
SELECT pg_advisory_xact_lock(0x6d61726b)

-- name: keep
-- No row comes back where the version is there already.
INSERT INTO mark (
    mark_id, version, site_id, parameters, kind, variant, start, finish, entered_by, entered_at, evidence, status,
    decided_by, decided_why, recorded_at
)
VALUES (
    %(mark_id)s, %(version)s, %(site_id)s, %(parameters)s, %(kind)s, %(variant)s, %(start)s, %(finish)s, %(entered_by)s,
    %(entered_at)s, %(evidence)s, %(status)s, %(decided_by)s, %(decided_why)s, %(recorded_at)s
)
ON CONFLICT (mark_id, version) DO NOTHING
RETURNING revision

-- name: revision
SELECT coalesce(max(revision), 0)
FROM mark

-- name: after
SELECT DISTINCT ON (mark_id)
    mark_id, version, site_id, parameters, kind, variant, start, finish, entered_by, entered_at, evidence, status,
    decided_by, decided_why, recorded_at
FROM mark
WHERE mark_id IN (SELECT mark_id FROM mark WHERE revision > %(revision)s)
ORDER BY mark_id, version DESC

-- name: over
SELECT DISTINCT ON (mark_id)
    mark_id, version, site_id, parameters, kind, variant, start, finish, entered_by, entered_at, evidence, status,
    decided_by, decided_why, recorded_at
FROM mark
WHERE site_id = ANY (%(sites)s::text[])
    AND finish > %(start)s
    AND start < %(finish)s
ORDER BY mark_id, version DESC

-- name: versions
SELECT
    mark_id, version, site_id, parameters, kind, variant, start, finish, entered_by, entered_at, evidence, status,
    decided_by, decided_why, recorded_at
FROM mark
WHERE mark_id = %(mark_id)s
ORDER BY version

-- name: ids
SELECT DISTINCT mark_id
FROM mark
WHERE mark_id::text LIKE %(prefix)s || '%%'
ORDER BY mark_id
LIMIT 10

-- name: list
-- The latest entered first.
SELECT
    mark_id, version, site_id, parameters, kind, variant, start, finish, entered_by, entered_at, evidence, status,
    decided_by, decided_why, recorded_at
FROM (
    SELECT DISTINCT ON (mark_id) *
    FROM mark
    WHERE (%(site)s::text IS NULL OR site_id = %(site)s)
        AND (%(since)s::timestamptz IS NULL OR finish > %(since)s)
    ORDER BY mark_id, version DESC
) AS newest
WHERE %(status)s::text IS NULL OR status = %(status)s
ORDER BY entered_at DESC, mark_id
LIMIT %(limit)s

-- name: markable
-- Hours that are exceeded, or invalid by another reason than marks.
SELECT s.site_id, s.parameter, m.start, coalesce(v.outcome, ''), m.reason, coalesce(v.value, m.value), v.limit_max
FROM mean AS m
JOIN series AS s USING (series)
LEFT JOIN verdict AS v USING (series, period, start)
WHERE m.period = 0
    AND m.start >= %(since)s
    AND (%(sites)s::text[] IS NULL OR s.site_id = ANY (%(sites)s))
    AND (v.outcome = 'exceeded' OR (NOT m.valid AND m.reason <> 'marked'))
ORDER BY s.site_id COLLATE "C", m.start, s.parameter COLLATE "C"

-- name: followed
SELECT revision
FROM mark_followed
WHERE topic = %(topic)s
    AND partition = %(partition)s

-- name: follow
INSERT INTO mark_followed (topic, partition, revision)
VALUES (%(topic)s, %(partition)s, %(revision)s)
ON CONFLICT (topic, partition) DO UPDATE
SET revision = excluded.revision
