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
