CREATE TABLE device (
    device integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id text NOT NULL UNIQUE,
    key_hash bigint NOT NULL CHECK (key_hash BETWEEN 0 AND 2147483647)
);
COMMENT ON COLUMN device.key_hash IS 'toPositive(murmur2(device_id)): modulo the number of partitions it is the device''s partition.';

CREATE TABLE series (
    series integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id text NOT NULL,
    parameter text NOT NULL,
    UNIQUE (site_id, parameter)
);
COMMENT ON TABLE series IS 'One parameter at one site; the number is what the big tables carry.';
