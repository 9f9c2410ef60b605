ALTER TABLE notification
    ADD COLUMN holder_pid integer,
    ADD COLUMN holder_started timestamptz;
COMMENT ON COLUMN notification.holder_pid IS 'Server process of the notifier that holds the row; with it gone the row is due again at once.';
