CREATE TABLE registry_followed (
    topic text NOT NULL,
    partition integer NOT NULL,
    version integer NOT NULL CHECK (version >= 0),
    PRIMARY KEY (topic, partition)
);
COMMENT ON TABLE registry_followed IS 'Up to which version of the registry the owner of a partition has noted what is to be judged again.';
INSERT INTO registry_followed (topic, partition, version)
SELECT topic, partition, (SELECT max(version) FROM registry)
FROM log_partition
WHERE topic = 'reports' AND EXISTS (SELECT FROM registry);

CREATE TABLE rejudge_stretch (
    site_id text NOT NULL,
    device integer NOT NULL,
    start timestamptz NOT NULL,
    finish timestamptz NOT NULL CHECK (finish > start),
    PRIMARY KEY (site_id, device, start)
);
COMMENT ON TABLE rejudge_stretch IS 'Stretches whose closed windows are still to be judged again because the registry changed; worked off in slices.';
COMMENT ON COLUMN rejudge_stretch.device IS 'Whose closed hours are meant; says which partition works it off.';
COMMENT ON COLUMN rejudge_stretch.finish IS 'End of the stretch, exclusive.';
