-- name: fence
-- The last statement of every transaction that consumes a log: moves the positions of the leases that are still in
-- force, locking in ascending order; fewer rows than leases means that a lease is lost and all is rolled back.
WITH mine AS (
    SELECT p.topic, p.partition, a.next_offset, a.tick_at
    FROM unnest(
        %(topic)s::text[], %(partition)s::integer[], %(log_id)s::text[], %(epoch)s::bigint[],
        %(next_offset)s::bigint[], %(tick_at)s::timestamptz[]
    ) AS a (topic, partition, log_id, epoch, next_offset, tick_at)
    JOIN log_partition AS p USING (topic, partition, log_id, epoch)
    ORDER BY p.topic, p.partition
    FOR UPDATE OF p
)
UPDATE log_partition AS p
SET next_offset = mine.next_offset, tick_at = mine.tick_at
FROM mine
WHERE p.topic = mine.topic AND p.partition = mine.partition;

-- name: register
-- After a reconnection: says which server process works for the lease from now on, before that process takes any lock;
-- no row means that the lease is lost.
UPDATE log_partition
SET backend_pid = %(pid)s, backend_started = %(started)s
WHERE topic = %(topic)s AND partition = %(partition)s AND log_id = %(log_id)s AND epoch = %(epoch)s;

-- name: backend
-- Who this connection is on the server; a pid alone may be used again. A server of one process lists nobody.
SELECT pg_backend_pid(), coalesce(
    (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()),
    'epoch'::timestamptz
);

-- name: recorded_backends
-- Takes no row lock: a frozen owner may hold them.
SELECT backend_pid, backend_started
FROM log_partition
WHERE topic = %(topic)s AND partition = ANY (%(partitions)s)
    AND (backend_pid, backend_started) IS DISTINCT FROM (%(pid)s, %(started)s);

-- name: terminate
-- Ends that very server process and waits until it is gone; false: it is still there.
SELECT coalesce(bool_and(pg_terminate_backend(pid, 10000)), TRUE)
FROM pg_stat_activity
WHERE pid = %(pid)s AND backend_start = %(started)s;

-- name: lock
-- In ascending order, as everybody does.
SELECT partition, log_id, epoch, next_offset, tick_at, backend_pid, backend_started
FROM log_partition
WHERE topic = %(topic)s AND partition = ANY (%(partitions)s)
ORDER BY partition
FOR UPDATE;

-- name: take
-- Raises the epoch; from here on the predecessor can neither write nor register a new connection.
INSERT INTO log_partition (topic, partition, log_id, epoch, next_offset, tick_at, backend_pid, backend_started, owner)
VALUES (
    %(topic)s, %(partition)s, %(log_id)s, %(epoch)s, %(next_offset)s, %(tick_at)s, %(pid)s, %(started)s, %(owner)s
)
ON CONFLICT (topic, partition) DO UPDATE
SET log_id = excluded.log_id,
    epoch = excluded.epoch,
    next_offset = excluded.next_offset,
    tick_at = excluded.tick_at,
    backend_pid = excluded.backend_pid,
    backend_started = excluded.backend_started,
    owner = excluded.owner;

-- name: leases
-- What to believe when a commit's outcome is unknown.
SELECT partition, log_id, epoch, next_offset, tick_at
FROM log_partition
WHERE topic = %(topic)s AND partition = ANY (%(partitions)s)
ORDER BY partition;
