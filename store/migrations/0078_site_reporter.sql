-- A logger is replaced, and the new one sends again what the old one had sent: which readings may meet others is asked of this.
CREATE TABLE site_reporter (
    site_id text NOT NULL,
    device integer NOT NULL REFERENCES device,
    PRIMARY KEY (site_id, device)
);
COMMENT ON TABLE site_reporter IS 'Which devices report for a site, or ever did.';

-- Whoever a version of the registry named has reported, as far as we know.
INSERT INTO site_reporter (site_id, device)
SELECT DISTINCT site.id, d.device
FROM registry AS r
CROSS JOIN LATERAL jsonb_array_elements(coalesce(r.content -> 'device', '[]')) AS named (content)
CROSS JOIN LATERAL jsonb_array_elements_text(coalesce(named.content -> 'sites', '[]')) AS site (id)
JOIN device AS d ON d.device_id = named.content ->> 'id';
