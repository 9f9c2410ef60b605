CREATE TABLE own_loss (
    cause text NOT NULL CHECK (cause IN ('log_replaced', 'offset_gone', 'not_booked')),
    subject text NOT NULL,
    noted_at timestamptz NOT NULL,
    messages bigint CHECK (messages > 0),
    told boolean NOT NULL DEFAULT FALSE,
    PRIMARY KEY (cause, subject)
);
COMMENT ON TABLE own_loss IS 'What we may have lost ourselves, once each; told: a finding has been written.';
COMMENT ON COLUMN own_loss.messages IS 'How many at least; null where it is not known.';
CREATE INDEX own_loss_untold ON own_loss (noted_at) WHERE NOT told;
