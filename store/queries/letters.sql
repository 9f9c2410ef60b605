-- name: letters
-- Oldest first, for working through them page by page; the bytes stay where they are.
SELECT letter_id, topic, device_id, site_id, reason, detail, sha256, received_at, whole, state, octet_length(raw)
FROM dead_letter
WHERE letter_id > %(after)s
    AND (%(ids)s::bigint[] IS NULL OR letter_id = ANY (%(ids)s))
    AND (%(reason)s::text IS NULL OR reason = %(reason)s)
    AND (%(device_id)s::text IS NULL OR device_id = %(device_id)s)
    AND (%(since)s::timestamptz IS NULL OR received_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR received_at < %(until)s)
    AND (%(state)s::text IS NULL OR state = %(state)s)
ORDER BY letter_id
LIMIT %(limit)s;

-- name: latest_letters
-- Newest first, for looking.
SELECT letter_id, topic, device_id, site_id, reason, detail, sha256, received_at, whole, state, octet_length(raw)
FROM dead_letter
WHERE (%(ids)s::bigint[] IS NULL OR letter_id = ANY (%(ids)s))
    AND (%(reason)s::text IS NULL OR reason = %(reason)s)
    AND (%(device_id)s::text IS NULL OR device_id = %(device_id)s)
    AND (%(since)s::timestamptz IS NULL OR received_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR received_at < %(until)s)
    AND (%(state)s::text IS NULL OR state = %(state)s)
ORDER BY letter_id DESC
LIMIT %(limit)s;

-- name: letter_counts
-- Every letter is counted once, under its present reason.
SELECT reason, state, count(*)
FROM dead_letter
WHERE (%(ids)s::bigint[] IS NULL OR letter_id = ANY (%(ids)s))
    AND (%(reason)s::text IS NULL OR reason = %(reason)s)
    AND (%(device_id)s::text IS NULL OR device_id = %(device_id)s)
    AND (%(since)s::timestamptz IS NULL OR received_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR received_at < %(until)s)
    AND (%(state)s::text IS NULL OR state = %(state)s)
GROUP BY reason, state
ORDER BY reason COLLATE "C", state COLLATE "C";

-- name: letter_bytes
-- The bytes exactly as they were received.
SELECT letter_id, raw
FROM dead_letter
WHERE letter_id = ANY (%(ids)s);

-- name: books
-- One row a device that has anything on that day.
SELECT device_id, day, received, stored, duplicate, rejected
FROM book
WHERE day = %(day)s
ORDER BY device_id COLLATE "C";
