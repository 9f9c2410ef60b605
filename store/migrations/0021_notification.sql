CREATE TABLE notification (
    alert_id uuid NOT NULL,
    step integer NOT NULL,
    recipient_id text NOT NULL,
    reason text NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts integer NOT NULL CHECK (attempts >= 0),
    error text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    PRIMARY KEY (alert_id, step, recipient_id),
    FOREIGN KEY (alert_id, step) REFERENCES alert_event
);
COMMENT ON TABLE notification IS 'The outbox of the notifier: one row per (alert, step, recipient), written with the step.';
COMMENT ON COLUMN notification.next_attempt_at IS 'Also moved ahead while a notifier holds the row; a crash lets it come back.';
CREATE INDEX notification_due ON notification (next_attempt_at) WHERE state = 'pending';
