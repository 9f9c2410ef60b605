-- name: lock
-- One relay at a time: the lock goes with the transaction, so a relay that died holds nothing.
SELECT pg_try_advisory_xact_lock(7236451)

-- name: take
-- In id order. Never a high-water mark: ids commit out of order.
SELECT id, topic, key, payload
FROM outbox
ORDER BY id
LIMIT %(limit)s

-- name: delete
DELETE FROM outbox
WHERE id = ANY(%(ids)s)
