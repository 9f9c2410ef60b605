-- What the benchmarks ask of a database that nothing else is in.

-- name: committed
-- Of every so manieth report: its device, when it is of, and the second of its commit (needs track_commit_timestamp).
SELECT d.device_id, r.observed_at, extract(epoch FROM pg_xact_commit_timestamp(r.xmin))::double precision
FROM report AS r
JOIN device AS d USING (device)
WHERE r.report %% %(step)s = 0

-- name: last_commit
SELECT max(extract(epoch FROM pg_xact_commit_timestamp(xmin)))::double precision
FROM report

-- name: rows
SELECT
    (SELECT count(*) FROM report),
    (SELECT count(*) FROM reading),
    (SELECT count(*) FROM mean),
    (SELECT count(*) FROM verdict),
    (SELECT count(*) FROM alert),
    (SELECT coalesce(sum(duplicate), 0)::bigint FROM book),
    (SELECT coalesce(sum(rejected), 0)::bigint FROM book),
    (SELECT count(*) FROM air_index)

-- name: claimed
SELECT count(*) FROM log_partition WHERE topic = 'reports'

-- name: greatest_share
-- How many partitions the one has that has most.
SELECT coalesce(max(owned), 0)
FROM (SELECT count(*) AS owned FROM log_partition WHERE topic = 'reports' GROUP BY owner) AS share

-- name: owned
-- How many partitions an owner has.
SELECT count(*) FROM log_partition WHERE topic = 'reports' AND owner LIKE %(owner)s

-- name: read_offsets
SELECT coalesce(sum(next_offset), 0)::bigint FROM log_partition WHERE topic = 'reports'

-- name: disk
SELECT pg_database_size(current_database())

-- name: make_month
-- As `reading_partition` makes them, but without an index and in the transaction that fills it: what COPY writes is past the write-ahead log then.
CREATE TABLE {month} (LIKE reading INCLUDING CONSTRAINTS)

-- name: copy_month
COPY {month} (series, kind, observed_at, value, flag, report)
FROM STDIN (FORMAT binary, FREEZE)

-- name: sort_in_memory
SET LOCAL maintenance_work_mem = '512MB'

-- name: index_month
CREATE UNIQUE INDEX ON {month} (hour_of(observed_at), series, kind, observed_at)

-- name: attach_month
ALTER TABLE reading ATTACH PARTITION {month} FOR VALUES FROM ('{first}') TO ('{next}')

-- name: reserve_reports
-- Numbers below are taken.
SELECT setval('report_number', %(free)s, FALSE)

-- name: settle
-- What autovacuum would do in its own time, and in the middle of a measurement.
VACUUM (ANALYZE)

-- name: checkpoint
CHECKPOINT

-- name: copy_database
CREATE DATABASE {database} TEMPLATE {template}

-- name: make_database
CREATE DATABASE {database}

-- name: drop_database
DROP DATABASE IF EXISTS {database} WITH (FORCE)

-- name: reading_bytes
SELECT sum(pg_table_size(relid))::bigint, sum(pg_indexes_size(relid))::bigint
FROM pg_partition_tree('reading')

-- name: indexes
-- The indexes of a table, without its name.
SELECT regexp_replace(indexdef, '^.* USING', 'USING')
FROM pg_indexes
WHERE tablename = %(table)s
ORDER BY 1
