CREATE TABLE activation (
    activation_id uuid PRIMARY KEY,
    plan_id text NOT NULL,
    city text NOT NULL,
    alert_id uuid NOT NULL REFERENCES alert,
    grade text NOT NULL CHECK (grade IN ('blue', 'yellow', 'orange', 'red')),
    state text NOT NULL CHECK (state IN ('proposed', 'confirmed', 'lift_proposed', 'lifted', 'superseded', 'lapsed')),
    proposed_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    decided_by text NOT NULL,
    decided_at timestamptz,
    detail jsonb NOT NULL,
    UNIQUE (alert_id, grade),
    CHECK (state NOT IN ('confirmed', 'lifted') OR decided_by <> '')
);
COMMENT ON TABLE activation IS 'A plan at one grade for one alert; the system proposes, people confirm and lift.';

CREATE TABLE activation_event (
    activation_id uuid NOT NULL REFERENCES activation,
    version integer NOT NULL,
    state text NOT NULL,
    at timestamptz NOT NULL,
    by text NOT NULL,
    PRIMARY KEY (activation_id, version)
);
COMMENT ON TABLE activation_event IS 'Each state an activation was in, and who put it there; empty: the system.';
