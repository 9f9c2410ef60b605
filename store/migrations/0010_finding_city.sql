CREATE INDEX finding_city ON finding (city, kind) WHERE city IS NOT NULL;
COMMENT ON INDEX finding_city IS 'The city role reads what it has told of a city when it takes it over.';
