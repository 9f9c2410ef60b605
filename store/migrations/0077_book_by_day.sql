-- Books are kept up, and asked for, by the day: one part of one index does for both, whatever other days there are.
ALTER TABLE book DROP CONSTRAINT book_pkey;
ALTER TABLE book ADD PRIMARY KEY (day, device_id);
DROP INDEX book_day;
