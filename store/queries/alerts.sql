-- name: now
SELECT clock_timestamp();

-- name: seen
SELECT event_id
FROM finding_seen
WHERE event_id = ANY (%(event_ids)s);

-- name: mark_seen
-- In the transaction that works the events off.
INSERT INTO finding_seen (event_id)
SELECT unnest(%(event_ids)s::uuid[])
ON CONFLICT DO NOTHING;

-- name: findings_since
-- What was told since then; reads the whole table: only after a gap in the log.
SELECT payload::text
FROM finding
WHERE detected_at >= %(since)s
ORDER BY detected_at, finding_id;

-- name: segments
-- For each place: the nearest met window before the first and after the last window, and the windows between; one row without a window where there are none.
WITH edge AS MATERIALIZED (
    SELECT
        a.number,
        a.period,
        s.series,
        (SELECT max(v.start) FROM verdict AS v
         WHERE v.series = s.series AND v.period = a.period AND v.outcome = 'met' AND v.start < a.first) AS low,
        (SELECT min(v.start) FROM verdict AS v
         WHERE v.series = s.series AND v.period = a.period AND v.outcome = 'met' AND v.start > a.last) AS high
    FROM unnest(
        %(site)s::text[], %(parameter)s::text[], %(period)s::smallint[], %(first)s::timestamptz[], %(last)s::timestamptz[]
    ) WITH ORDINALITY AS a (site_id, parameter, period, first, last, number)
    JOIN series AS s USING (site_id, parameter)
)
SELECT e.number, e.low, e.high, w.*
FROM edge AS e
LEFT JOIN LATERAL (
    SELECT v.start, v.outcome = 'exceeded', v.value, v.limit_min, v.limit_max, v.times_over, v.rule, v.binding, v.basis
    FROM verdict AS v
    WHERE v.series = e.series
        AND v.period = e.period
        AND v.outcome IN ('met', 'exceeded')
        AND v.start > coalesce(e.low, '-infinity')
        AND v.start <= coalesce(e.high, 'infinity')
    ORDER BY v.start
) AS w ON true
ORDER BY e.number, w.start;

-- name: window_facts
-- For each window: oxygen, and the flags of its readings: of the kind that the mean was made from; an hour is taken for what a day was made from.
SELECT
    a.number,
    (SELECT m.value
     FROM mean AS m
     JOIN series AS s USING (series)
     WHERE s.site_id = a.site_id AND s.parameter = 'a19001' AND m.period = a.period AND m.start = a.start AND m.valid),
    (SELECT json_object_agg(f.flag, f.readings ORDER BY f.flag)
     FROM (
         SELECT chr(r.flag) AS flag, count(*) AS readings
         FROM series AS s
         JOIN mean AS m ON m.series = s.series AND m.period = a.period AND m.start = a.start
         JOIN reading AS r
             ON hour_of(r.observed_at) = ANY (ARRAY(
                 SELECT generate_series(hour_of(a.start), a.end - INTERVAL '1 microsecond', INTERVAL '1 hour')
             ))
             AND r.series = m.series
             AND r.kind = m.kind
         WHERE s.site_id = a.site_id
             AND s.parameter = a.parameter
             AND r.observed_at >= a.start
             AND r.observed_at < a.end
             AND r.observed_at >= %(earliest)s
             AND r.observed_at < %(latest)s
             AND r.flag <> ascii('N')
         GROUP BY r.flag
     ) AS f)
FROM unnest(
    %(site)s::text[], %(parameter)s::text[], %(period)s::smallint[], %(start)s::timestamptz[], %(end)s::timestamptz[]
) WITH ORDINALITY AS a (site_id, parameter, period, start, "end", number)
ORDER BY a.number;

-- name: exceedance_alerts
SELECT a.number, {alert}
FROM unnest(
    %(site)s::text[], %(parameter)s::text[], %(period)s::text[], %(low)s::timestamptz[], %(high)s::timestamptz[]
) WITH ORDINALITY AS a (of_site, of_parameter, of_period, low, high, number)
JOIN alert
    ON kind = 'exceedance'
    AND site_id = a.of_site
    AND parameter = a.of_parameter
    AND period = a.of_period
    AND first_start > coalesce(a.low, '-infinity')
    AND first_start <= coalesce(a.high, 'infinity')
ORDER BY a.number, first_start;

-- name: alerts
SELECT {alert}
FROM alert
WHERE alert_id = ANY (%(alert_ids)s);

-- name: standing
SELECT {alert}
FROM alert
WHERE kind = %(kind)s AND coalesce(device_id, '') = %(device_id)s AND state IN ('open', 'acknowledged')
ORDER BY raised_at
LIMIT 1;

-- name: find
SELECT {alert}
FROM alert
WHERE (NOT %(standing)s OR state IN ('open', 'acknowledged'))
    AND (%(grade)s::text IS NULL OR grade = %(grade)s)
    AND (%(site)s::text IS NULL OR %(site)s = ANY (sites))
    AND (%(city)s::text IS NULL OR city = %(city)s)
    AND (%(kind)s::text IS NULL OR kind = %(kind)s)
ORDER BY changed_at DESC, alert_id
LIMIT %(limit)s;

-- name: by_prefix
SELECT {alert}
FROM alert
WHERE starts_with(alert_id::text, %(prefix)s)
ORDER BY alert_id
LIMIT 10;

-- name: history
SELECT alert_id, step, reason, state, grade, at, by, note, text_zh, text_en
FROM alert_event
WHERE alert_id = %(alert_id)s
ORDER BY step;

-- name: notifications
SELECT alert_id, step, recipient_id, reason, state, attempts, error
FROM notification
WHERE alert_id = %(alert_id)s
ORDER BY step, recipient_id;

-- name: activations
SELECT activation_id, plan_id, city, alert_id, grade, state, proposed_at, changed_at, version, decided_by, decided_at, detail
FROM activation
WHERE %(alert_id)s::uuid IS NULL OR alert_id = %(alert_id)s
ORDER BY changed_at DESC, proposed_at DESC, activation_id;

-- name: insert_alert
-- No row: it is there already, the caller read something older.
INSERT INTO alert ({alert})
VALUES (
    %(alert_id)s, %(kind)s, %(state)s, %(grade)s, %(raised_at)s, %(changed_at)s, %(step)s, %(site_id)s, %(city)s,
    %(device_id)s, %(sites)s, %(parameter)s, %(period)s, %(first_start)s, %(last_start)s, %(acknowledged_at)s,
    %(acknowledged_by)s, %(closed_at)s, %(closed_by)s, %(closed_reason)s, %(detail)s, %(text_zh)s, %(text_en)s
)
ON CONFLICT DO NOTHING;

-- name: update_alert
-- No row: somebody changed it since it was read.
UPDATE alert
SET state = %(state)s,
    grade = %(grade)s,
    city = %(city)s,
    sites = %(sites)s,
    last_start = %(last_start)s,
    step = %(step)s,
    changed_at = %(changed_at)s,
    acknowledged_at = %(acknowledged_at)s,
    acknowledged_by = %(acknowledged_by)s,
    closed_at = %(closed_at)s,
    closed_by = %(closed_by)s,
    closed_reason = %(closed_reason)s,
    detail = %(detail)s,
    text_zh = %(text_zh)s,
    text_en = %(text_en)s
WHERE alert_id = %(alert_id)s AND step = %(before)s;

-- name: insert_event
INSERT INTO alert_event (alert_id, step, reason, state, grade, at, by, note, text_zh, text_en)
VALUES (%(alert_id)s, %(step)s, %(reason)s, %(state)s, %(grade)s, %(at)s, %(by)s, %(note)s, %(text_zh)s, %(text_en)s);

-- name: insert_notification
INSERT INTO notification (alert_id, step, recipient_id, reason, state, attempts, error)
VALUES (%(alert_id)s, %(step)s, %(recipient_id)s, %(reason)s, %(state)s, %(attempts)s, %(error)s)
ON CONFLICT DO NOTHING;

-- name: notify_notification
NOTIFY notification;

-- name: insert_activation
-- No row: it is there already, the caller read something older.
INSERT INTO activation (
    activation_id, plan_id, city, alert_id, grade, state, proposed_at, changed_at, version, decided_by, decided_at, detail
)
VALUES (
    %(activation_id)s, %(plan_id)s, %(city)s, %(alert_id)s, %(grade)s, %(state)s, %(proposed_at)s, %(changed_at)s,
    %(version)s, %(decided_by)s, %(decided_at)s, %(detail)s
)
ON CONFLICT DO NOTHING;

-- name: update_activation
-- No row: somebody changed it since it was read.
UPDATE activation
SET state = %(state)s, changed_at = %(changed_at)s, version = %(version)s, decided_by = %(decided_by)s, decided_at = %(decided_at)s
WHERE activation_id = %(activation_id)s AND version = %(before)s;

-- name: insert_activation_event
INSERT INTO activation_event (activation_id, version, state, at, by)
VALUES (%(activation_id)s, %(version)s, %(state)s, %(changed_at)s, %(by)s);

-- name: insert_outbox
INSERT INTO outbox (topic, key, payload)
VALUES (%(topic)s, %(key)s, %(payload)s);

-- name: wake_relay
-- The relay listens; told at COMMIT.
NOTIFY outbox;

-- name: take
-- Each due row goes to one notifier; it comes back when that notifier's connection is gone, else when the hold runs out.
WITH me AS (
    SELECT pid, backend_start
    FROM pg_stat_activity
    WHERE pid = pg_backend_pid()
), due AS (
    SELECT alert_id, step, recipient_id
    FROM notification AS held
    WHERE state = 'pending'
        AND (
            next_attempt_at <= now()
            OR holder_pid IS NOT NULL AND NOT EXISTS (
                SELECT
                FROM pg_stat_activity AS other
                WHERE other.pid = held.holder_pid AND other.backend_start = held.holder_started
            )
        )
    ORDER BY made_at, alert_id, step, recipient_id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE notification AS n
SET next_attempt_at = now() + %(hold)s,
    holder_pid = (SELECT pid FROM me),
    holder_started = (SELECT backend_start FROM me)
FROM due
WHERE n.alert_id = due.alert_id AND n.step = due.step AND n.recipient_id = due.recipient_id
RETURNING n.alert_id, n.step, n.recipient_id, n.reason, n.state, n.attempts, n.error;

-- name: events
SELECT alert_id, step, reason, state, grade, at, by, note, text_zh, text_en
FROM alert_event
JOIN unnest(%(alert_ids)s::uuid[], %(steps)s::integer[]) AS asked (alert_id, step) USING (alert_id, step);

-- name: settle
-- A delivered row stays delivered, whatever a late second attempt says.
UPDATE notification
SET state = %(state)s,
    attempts = %(attempts)s,
    error = %(error)s,
    next_attempt_at = now() + %(retry)s,
    holder_pid = NULL,
    holder_started = NULL,
    settled_at = CASE WHEN %(state)s = 'pending' THEN NULL ELSE now() END
WHERE alert_id = %(alert_id)s AND step = %(step)s AND recipient_id = %(recipient_id)s AND state = 'pending';
