ALTER TABLE outbox ADD COLUMN written_at timestamptz NOT NULL DEFAULT now();
COMMENT ON COLUMN outbox.written_at IS 'Begin of the transaction that wrote it: how long an event has waited for the relay.';
CREATE INDEX notification_failed ON notification (settled_at) WHERE state = 'failed';
COMMENT ON INDEX notification_failed IS 'What was given up is counted for the metrics.';
