-- name: reading_partition
-- In a transaction of its own, before the one that writes.
SELECT reading_partition(at)
FROM unnest(%(at)s::timestamptz[]) AS t (at);

-- name: raw_bundles
INSERT INTO raw_bundle (bundle, log_id, topic, partition, log_offset, content)
SELECT *
FROM unnest(
    %(bundle)s::bigint[], %(log_id)s::text[], %(topic)s::text[], %(partition)s::integer[], %(log_offset)s::bigint[],
    %(content)s::bytea[]
);

-- name: copy_reports
-- Duplicates were sorted out before: a unique violation is a defect.
COPY report (report, device, observed_at, kind, sha256, sent_at, received_at, bundle, position)
FROM STDIN (FORMAT binary);

-- name: insert_reports
-- Where COPY is not to be had.
INSERT INTO report (report, device, observed_at, kind, sha256, sent_at, received_at, bundle, position)
SELECT *
FROM unnest(
    %(c0)s::bigint[], %(c1)s::integer[], %(c2)s::timestamptz[], %(c3)s::smallint[], %(c4)s::bytea[],
    %(c5)s::timestamptz[], %(c6)s::timestamptz[], %(c7)s::bigint[], %(c8)s::integer[]
);

-- name: copy_readings
-- Only certainly new keys come here: a unique violation is a defect.
COPY reading (series, kind, observed_at, value, flag, report)
FROM STDIN (FORMAT binary);

-- name: insert_readings
-- Where COPY is not to be had.
INSERT INTO reading (series, kind, observed_at, value, flag, report)
SELECT *
FROM unnest(
    %(c0)s::integer[], %(c1)s::smallint[], %(c2)s::timestamptz[], %(c3)s::double precision[], %(c4)s::smallint[],
    %(c5)s::bigint[]
);

-- name: winners
-- The reading in force is kept aside, then replaced; as many rows as winners, else there was nothing to supersede.
WITH incoming AS (
    SELECT *
    FROM unnest(
        %(c0)s::integer[], %(c1)s::smallint[], %(c2)s::timestamptz[], %(c3)s::double precision[], %(c4)s::smallint[],
        %(c5)s::bigint[]
    ) AS t (series, kind, observed_at, value, flag, report)
), kept AS (
    INSERT INTO reading_superseded (series, kind, observed_at, value, flag, report, superseded_by)
    SELECT r.series, r.kind, r.observed_at, r.value, r.flag, r.report, i.report
    FROM incoming AS i
    JOIN reading AS r USING (series, kind, observed_at)
    WHERE hour_of(r.observed_at) = hour_of(i.observed_at)
        AND r.observed_at BETWEEN %(earliest)s AND %(latest)s
)
UPDATE reading AS r
SET value = i.value, flag = i.flag, report = i.report
FROM incoming AS i
WHERE hour_of(r.observed_at) = hour_of(i.observed_at)
    AND r.series = i.series AND r.kind = i.kind AND r.observed_at = i.observed_at
    AND r.observed_at BETWEEN %(earliest)s AND %(latest)s;

-- name: losers
INSERT INTO reading_superseded (series, kind, observed_at, value, flag, report, superseded_by)
SELECT i.series, i.kind, i.observed_at, i.value, i.flag, i.report, r.report
FROM unnest(
    %(c0)s::integer[], %(c1)s::smallint[], %(c2)s::timestamptz[], %(c3)s::double precision[], %(c4)s::smallint[],
    %(c5)s::bigint[]
) AS i (series, kind, observed_at, value, flag, report)
JOIN reading AS r USING (series, kind, observed_at)
WHERE hour_of(r.observed_at) = hour_of(i.observed_at)
    AND r.observed_at BETWEEN %(earliest)s AND %(latest)s;

-- name: means
-- Same content: nothing. Other content: the version that was in force goes into the history, the new one counts on.
WITH incoming AS (
    SELECT *
    FROM unnest(
        %(series)s::integer[], %(period)s::smallint[], %(start)s::timestamptz[], %(value)s::double precision[],
        %(samples)s::integer[], %(kind)s::smallint[], %(valid)s::boolean[], %(reason)s::text[],
        %(converted)s::double precision[], %(mass_kg)s::double precision[], %(closed_at)s::timestamptz[]
    ) AS t (series, period, start, value, samples, kind, valid, reason, converted, mass_kg, closed_at)
), superseded AS (
    INSERT INTO mean_history
    SELECT m.*
    FROM incoming AS i
    JOIN mean AS m USING (series, period, start)
    WHERE (m.value, m.samples, m.kind, m.valid, m.reason, m.converted, m.mass_kg)
        IS DISTINCT FROM (i.value, i.samples, i.kind, i.valid, i.reason, i.converted, i.mass_kg)
)
INSERT INTO mean AS m (
    series, period, start, version, value, samples, kind, valid, reason, converted, mass_kg, closed_at
)
SELECT series, period, start, 1, value, samples, kind, valid, reason, converted, mass_kg, closed_at
FROM incoming
ON CONFLICT (series, period, start) DO UPDATE
SET version = m.version + 1,
    value = excluded.value,
    samples = excluded.samples,
    kind = excluded.kind,
    valid = excluded.valid,
    reason = excluded.reason,
    converted = excluded.converted,
    mass_kg = excluded.mass_kg,
    closed_at = excluded.closed_at,
    recorded_at = now()
WHERE (m.value, m.samples, m.kind, m.valid, m.reason, m.converted, m.mass_kg)
    IS DISTINCT FROM (
        excluded.value, excluded.samples, excluded.kind, excluded.valid, excluded.reason, excluded.converted, excluded.mass_kg
    );

-- name: verdicts
-- As means.
WITH incoming AS (
    SELECT *
    FROM unnest(
        %(series)s::integer[], %(period)s::smallint[], %(start)s::timestamptz[], %(outcome)s::text[],
        %(value)s::double precision[], %(limit_min)s::double precision[], %(limit_max)s::double precision[],
        %(times_over)s::double precision[], %(reason)s::text[], %(rule)s::text[], %(binding)s::text[], %(basis)s::text[]
    ) AS t (
        series, period, start, outcome, value, limit_min, limit_max, times_over, reason, rule, binding, basis
    )
), superseded AS (
    INSERT INTO verdict_history
    SELECT v.*
    FROM incoming AS i
    JOIN verdict AS v USING (series, period, start)
    WHERE (v.outcome, v.value, v.limit_min, v.limit_max, v.times_over, v.reason, v.rule, v.binding, v.basis)
        IS DISTINCT FROM
        (i.outcome, i.value, i.limit_min, i.limit_max, i.times_over, i.reason, i.rule, i.binding, i.basis)
)
INSERT INTO verdict AS v (
    series, period, start, version, outcome, value, limit_min, limit_max, times_over, reason, rule, binding, basis
)
SELECT series, period, start, 1, outcome, value, limit_min, limit_max, times_over, reason, rule, binding, basis
FROM incoming
ON CONFLICT (series, period, start) DO UPDATE
SET version = v.version + 1,
    outcome = excluded.outcome,
    value = excluded.value,
    limit_min = excluded.limit_min,
    limit_max = excluded.limit_max,
    times_over = excluded.times_over,
    reason = excluded.reason,
    rule = excluded.rule,
    binding = excluded.binding,
    basis = excluded.basis,
    recorded_at = now()
WHERE (v.outcome, v.value, v.limit_min, v.limit_max, v.times_over, v.reason, v.rule, v.binding, v.basis)
    IS DISTINCT FROM (
        excluded.outcome, excluded.value, excluded.limit_min, excluded.limit_max, excluded.times_over, excluded.reason,
        excluded.rule, excluded.binding, excluded.basis
    );

-- name: indices
-- Inserted, or the next version where the content differs. Primary pollutants are joined by spaces.
INSERT INTO air_index AS a (subject, is_city, period, start, version, standard, aqi, primary_pollutants, detail)
SELECT subject, is_city, period, start, 1, standard, aqi, string_to_array(primaries, ' '), detail::jsonb
FROM unnest(
    %(subject)s::text[], %(is_city)s::boolean[], %(period)s::text[], %(start)s::timestamptz[], %(standard)s::text[],
    %(aqi)s::integer[], %(primaries)s::text[], %(detail)s::text[]
) AS t (subject, is_city, period, start, standard, aqi, primaries, detail)
ON CONFLICT (subject, is_city, period, start) DO UPDATE
SET version = a.version + 1,
    standard = excluded.standard,
    aqi = excluded.aqi,
    primary_pollutants = excluded.primary_pollutants,
    detail = excluded.detail
WHERE (a.standard, a.aqi, a.primary_pollutants, a.detail)
    IS DISTINCT FROM (excluded.standard, excluded.aqi, excluded.primary_pollutants, excluded.detail);

-- name: findings
-- Inserted, or replaced by id.
INSERT INTO finding AS f (finding_id, kind, site_id, device_id, city, parameter, start, detected_at, payload)
SELECT finding_id, kind, site_id, device_id, city, parameter, start, detected_at, payload::jsonb
FROM unnest(
    %(finding_id)s::uuid[], %(kind)s::text[], %(site_id)s::text[], %(device_id)s::text[], %(city)s::text[],
    %(parameter)s::text[], %(start)s::timestamptz[], %(detected_at)s::timestamptz[], %(payload)s::text[]
) AS t (finding_id, kind, site_id, device_id, city, parameter, start, detected_at, payload)
ON CONFLICT (finding_id) DO UPDATE
SET kind = excluded.kind,
    site_id = excluded.site_id,
    device_id = excluded.device_id,
    city = excluded.city,
    parameter = excluded.parameter,
    start = excluded.start,
    detected_at = excluded.detected_at,
    payload = excluded.payload;

-- name: outbox
-- In the order of the batch, so that ids ascend with it; the relay wakes up at COMMIT.
INSERT INTO outbox (topic, key, payload)
SELECT topic, key, payload
FROM unnest(%(topic)s::text[], %(key)s::text[], %(payload)s::bytea[]) WITH ORDINALITY AS t (topic, key, payload, n)
ORDER BY n;

-- name: notify_outbox
NOTIFY outbox;

-- name: devices
-- `high` comes flat, six instants a device.
INSERT INTO device_state AS s (device, frontier, event_at, heard_at, first_at, high, silent)
SELECT device, frontier, event_at, heard_at, first_at, (%(high)s::bigint[])[6 * n - 5 : 6 * n], silent
FROM unnest(
    %(device)s::integer[], %(frontier)s::timestamptz[], %(event_at)s::timestamptz[], %(heard_at)s::timestamptz[],
    %(first_at)s::timestamptz[], %(silent)s::boolean[]
) WITH ORDINALITY AS t (device, frontier, event_at, heard_at, first_at, silent, n)
ON CONFLICT (device) DO UPDATE
SET first_at = least(s.first_at, excluded.first_at),
    frontier = excluded.frontier,
    event_at = excluded.event_at,
    heard_at = excluded.heard_at,
    high = excluded.high,
    silent = excluded.silent;

-- name: rejudged
DELETE FROM rejudge AS r
USING unnest(%(site_id)s::text[], %(start)s::timestamptz[]) AS t (site_id, start)
WHERE r.site_id = t.site_id AND r.start = t.start;

-- name: rejudge
INSERT INTO rejudge (site_id, device, start, noted_at)
SELECT *
FROM unnest(%(site_id)s::text[], %(device)s::integer[], %(start)s::timestamptz[], %(noted_at)s::timestamptz[])
ON CONFLICT (site_id, start) DO UPDATE
SET device = excluded.device, noted_at = excluded.noted_at;

-- name: keep_letter
-- The same rejection read again is the same row: no row comes back then, and no event is sent.
INSERT INTO dead_letter (
    topic, device_id, site_id, reason, detail, sha256, received_at, raw, whole, log_id, partition, log_offset, position,
    part
)
VALUES (
    %(topic)s, %(device_id)s, %(site_id)s, %(reason)s, %(detail)s, %(sha256)s, %(received_at)s, %(raw)s, %(whole)s,
    %(log_id)s, %(partition)s, %(log_offset)s, %(position)s, %(part)s
)
ON CONFLICT (log_id, partition, log_offset, position, part) DO NOTHING
RETURNING letter_id;

-- name: refuse_letter_again
-- A replay that failed: the letter stays, with the reason of today.
UPDATE dead_letter
SET reason = %(reason)s, detail = %(detail)s
WHERE letter_id = %(letter_id)s;

-- name: settle_letter
-- A row comes back only the first time.
UPDATE dead_letter
SET state = 'replayed'
WHERE letter_id = %(letter_id)s AND state = 'kept'
RETURNING device_id, received_at, whole;

-- name: books
-- Amounts are added, in the order of the key, so that two workers never wait for each other in a circle.
INSERT INTO book AS b (device_id, day, received, stored, duplicate, rejected)
SELECT device_id, day, received, stored, duplicate, rejected
FROM unnest(
    %(device_id)s::text[], %(day)s::date[], %(received)s::bigint[], %(stored)s::bigint[], %(duplicate)s::bigint[],
    %(rejected)s::bigint[]
) AS t (device_id, day, received, stored, duplicate, rejected)
ORDER BY device_id, day
ON CONFLICT (device_id, day) DO UPDATE
SET received = b.received + excluded.received,
    stored = b.stored + excluded.stored,
    duplicate = b.duplicate + excluded.duplicate,
    rejected = b.rejected + excluded.rejected;

-- name: counts
-- As `books`, for devices by number.
INSERT INTO book AS b (device_id, day, received, stored, duplicate, rejected)
SELECT device.device_id, (t.day AT TIME ZONE 'Asia/Shanghai')::date, t.received, t.stored, t.received - t.stored, 0
FROM unnest(%(device)s::integer[], %(day)s::timestamptz[], %(received)s::bigint[], %(stored)s::bigint[])
    AS t (device, day, received, stored)
JOIN device USING (device)
ORDER BY device.device_id, t.day
ON CONFLICT (device_id, day) DO UPDATE
SET received = b.received + excluded.received,
    stored = b.stored + excluded.stored,
    duplicate = b.duplicate + excluded.duplicate;
