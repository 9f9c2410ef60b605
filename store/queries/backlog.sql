-- name: outbox
-- How many events wait for the relay (counted no further than is of use), and for how long the oldest has, s.
SELECT
    (SELECT count(*) FROM (SELECT FROM outbox LIMIT 100000) AS waiting),
    coalesce(
        (SELECT extract(EPOCH FROM clock_timestamp() - written_at) FROM outbox ORDER BY id LIMIT 1), 0
    )::double precision;

-- name: notifications
-- How many are to be delivered, how many were given up, and for how long the oldest has been due, s.
SELECT
    (SELECT count(*) FROM notification WHERE state = 'pending'),
    (SELECT count(*) FROM notification WHERE state = 'failed'),
    greatest(
        coalesce(
            (SELECT extract(EPOCH FROM clock_timestamp() - min(next_attempt_at)) FROM notification WHERE state = 'pending'), 0
        ), 0
    )::double precision;
