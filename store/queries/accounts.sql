-- name: absence
-- The stretch without any process of the role before this one; longer than the gap it is an outage. The row is locked, so
-- that of two processes that come back at once the second sees the first.
INSERT INTO own_outage (role, started_at, ended_at, missing)
SELECT role, seen_at, %(since)s, %(missing)s
FROM (SELECT role, seen_at FROM role_presence WHERE role = %(role)s FOR UPDATE) AS before
WHERE seen_at < %(since)s::timestamptz - %(gap)s::interval
ON CONFLICT (role, started_at) DO NOTHING;

-- name: presence
INSERT INTO role_presence AS p (role, seen_at)
VALUES (%(role)s, %(until)s)
ON CONFLICT (role) DO UPDATE
SET seen_at = greatest(p.seen_at, excluded.seen_at);

-- name: outages
-- All that meet the stretch, in order.
SELECT role, started_at, ended_at, missing
FROM own_outage
WHERE ended_at > %(start)s AND started_at < %(finish)s
ORDER BY started_at, role COLLATE "C";

-- name: hours
-- Stored reports by device, kind and hour of `observed_at`. A device has its own part of each hour in the index: nothing else is read.
SELECT d.device_id, h.kind, h.hour, h.instants, h.late
FROM device AS d
CROSS JOIN LATERAL (
    SELECT r.kind, hour_of(r.observed_at) AS hour, count(DISTINCT r.observed_at) AS instants,
        count(*) FILTER (
            WHERE r.received_at > %(allowed)s::interval + CASE
                WHEN r.kind = 5 THEN r.observed_at + INTERVAL '1 day'
                ELSE hour_of(r.observed_at) + INTERVAL '1 hour'
            END
        ) AS late
    FROM report AS r
    WHERE hour_of(r.observed_at) = ANY (ARRAY(
            SELECT generate_series(hour_of(%(start)s), %(finish)s - INTERVAL '1 microsecond', INTERVAL '1 hour')
        ))
        AND r.device = d.device AND r.observed_at >= %(start)s AND r.observed_at < %(finish)s
    GROUP BY r.kind, hour_of(r.observed_at)
) AS h
ORDER BY d.device_id COLLATE "C", h.kind, h.hour;

-- name: senders
-- Each device that ever sent a report: when the first was observed, and the last of each kind.
SELECT d.device_id, s.first_at, s.high
FROM device_state AS s
JOIN device AS d USING (device)
WHERE s.first_at IS NOT NULL
ORDER BY d.device_id COLLATE "C";
