CREATE TABLE alert (
    alert_id uuid PRIMARY KEY,
    kind text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved', 'withdrawn', 'closed')),
    grade text NOT NULL CHECK (grade IN ('blue', 'yellow', 'orange', 'red')),
    site_id text,
    city text,
    device_id text,
    sites text[] NOT NULL,
    parameter text,
    period text CHECK (period IN ('hour', 'day', 'running24')),
    first_start timestamptz,
    last_start timestamptz,
    step integer NOT NULL CHECK (step > 0),
    raised_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text NOT NULL,
    closed_at timestamptz,
    closed_by text NOT NULL,
    closed_reason text NOT NULL,
    detail jsonb NOT NULL,
    text_zh text NOT NULL,
    text_en text NOT NULL,
    CHECK (first_start <= last_start),
    CHECK (state <> 'closed' OR (closed_at IS NOT NULL AND closed_by <> '' AND closed_reason <> ''))
);
COMMENT ON TABLE alert IS 'One cause that people handle; the id is the UUIDv5 of the natural key of the cause.';
COMMENT ON COLUMN alert.city IS 'The city itself, or the city of the site.';
COMMENT ON COLUMN alert.sites IS 'All sites it concerns.';
COMMENT ON COLUMN alert.first_start IS 'Start of the first window, or onset.';
COMMENT ON COLUMN alert.step IS 'Number of changes that people are told of.';
COMMENT ON COLUMN alert.raised_at IS 'Tick at which the cause was known.';
CREATE INDEX alert_series ON alert (site_id, parameter, period, first_start) WHERE kind = 'exceedance';
CREATE INDEX alert_standing ON alert (kind, device_id) WHERE state IN ('open', 'acknowledged');
CREATE INDEX alert_changed ON alert (changed_at);

CREATE TABLE alert_event (
    alert_id uuid NOT NULL REFERENCES alert,
    step integer NOT NULL CHECK (step > 0),
    reason text NOT NULL,
    state text NOT NULL,
    grade text NOT NULL,
    at timestamptz NOT NULL,
    by text NOT NULL,
    note text NOT NULL,
    text_zh text NOT NULL,
    text_en text NOT NULL,
    PRIMARY KEY (alert_id, step)
);
COMMENT ON TABLE alert_event IS 'Each step of an alert as it was told then; never changed afterwards.';
COMMENT ON COLUMN alert_event.by IS 'Person; empty: the system.';

CREATE TABLE finding_seen (
    event_id uuid PRIMARY KEY,
    seen_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE finding_seen IS 'Findings that were worked off: a second publication of the same event changes nothing.';
