CREATE INDEX dead_letter_device ON dead_letter (device_id, letter_id);
CREATE INDEX dead_letter_received ON dead_letter (received_at);
CREATE INDEX book_day ON book (day);
