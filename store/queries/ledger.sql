-- name: acknowledged
-- What a run has acknowledged so far; the same again changes nothing.
INSERT INTO intake_acknowledged AS a (bridge, run, hour, messages, noted_at)
SELECT %(bridge)s, %(run)s, hour, messages, %(noted_at)s
FROM unnest(%(hour)s::timestamptz[], %(messages)s::bigint[]) AS t (hour, messages)
ON CONFLICT (bridge, run, hour) DO UPDATE
SET messages = excluded.messages, noted_at = excluded.noted_at
WHERE a.messages <> excluded.messages;

-- name: booked
-- Amounts are added, in the transaction that stores the messages.
INSERT INTO intake_booked AS b (bridge, partition, hour, messages)
SELECT bridge, partition, hour, messages
FROM unnest(%(bridge)s::text[], %(partition)s::integer[], %(hour)s::timestamptz[], %(messages)s::bigint[])
    AS t (bridge, partition, hour, messages)
ORDER BY bridge, partition, hour
ON CONFLICT (bridge, partition, hour) DO UPDATE
SET messages = b.messages + excluded.messages;

-- name: audit
-- A message that was acknowledged before a tick that every partition has worked off is before that tick in the log, so it is
-- booked, or lost. The margin is for two machines' clocks.
INSERT INTO own_loss (cause, subject, noted_at, messages)
SELECT 'not_booked', bridge || ' ' || to_char(hour AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD"T"HH24:MI'), noted_at,
    a.messages - coalesce(b.messages, 0)
FROM (
    SELECT bridge, hour, sum(messages) AS messages, max(noted_at) AS noted_at
    FROM intake_acknowledged
    GROUP BY bridge, hour
) AS a
LEFT JOIN (
    SELECT bridge, hour, sum(messages) AS messages
    FROM intake_booked
    GROUP BY bridge, hour
) AS b USING (bridge, hour)
WHERE a.messages > coalesce(b.messages, 0)
    AND a.noted_at < (SELECT min(tick_at) FROM log_partition WHERE topic = %(topic)s) - %(margin)s::interval
ON CONFLICT (cause, subject) DO NOTHING;

-- name: keep_loss
-- Where it is not known since when: since now.
INSERT INTO own_loss (cause, subject, noted_at, messages)
VALUES (%(cause)s, %(subject)s, coalesce(%(noted_at)s, now()), %(messages)s)
ON CONFLICT (cause, subject) DO NOTHING;

-- name: untold
SELECT cause, subject, noted_at, messages
FROM own_loss
WHERE NOT told
ORDER BY noted_at, cause, subject;

-- name: tell
-- A row comes back only the first time.
UPDATE own_loss
SET told = TRUE
WHERE cause = %(cause)s AND subject = %(subject)s AND NOT told
RETURNING cause;
